const form = document.querySelector('#items form')
const answer = document.querySelector('#items .answer')
const status = answer.querySelector('.status')
const issueList = answer.querySelector('.issues')
const body = answer.querySelector('pre')

/** The form as JSON, sent as it is: whether it is a good item is for the server to say. */
function readForm() {
  const { name, price, tags } = Object.fromEntries(new FormData(form))
  return {
    name,
    price: price.trim() === '' || Number.isNaN(Number(price)) ? price : Number(price),
    tags: tags
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
  }
}

async function create() {
  const started = performance.now()
  const created = await fetch('/items', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(readForm()),
  })
  const result = await created.json()
  const ms = Math.round(performance.now() - started)

  showIssues(created.ok ? [] : (result.errors ?? []))
  body.textContent = JSON.stringify(result, null, 2)
  answer.dataset.result = created.ok ? 'ok' : 'refused'
  if (created.ok) say(`${created.status} Created`, linkTo(created.headers.get('location')), ` in ${ms} ms`)
  else say(`${created.status} ${result.title}`, result.detail)
}

function say(headline, ...rest) {
  status.firstElementChild.textContent = headline
  status.lastElementChild.replaceChildren(...rest)
}

function linkTo(path) {
  const link = document.createElement('a')
  link.href = new URL(path, location.origin).pathname
  link.textContent = path
  return link
}

/** Puts each issue beside the field it is about, and all of them into the answer. */
function showIssues(issues) {
  for (const input of form.querySelectorAll('input')) {
    const first = issues.find((issue) => issue.path[0] === input.name)
    input.setAttribute('aria-invalid', String(first !== undefined))
    document.getElementById(`item-${input.name}-issue`).textContent = first?.detail ?? ''
  }
  issueList.replaceChildren(
    ...issues.map((issue) => {
      const row = document.createElement('li')
      const place = row.appendChild(document.createElement('code'))
      place.textContent = [issue.in, ...issue.path].join('.')
      row.append(document.createElement('span'))
      row.lastChild.textContent = issue.detail
      return row
    }),
  )
}

function submit() {
  create().catch(() => say('No answer.', 'The server cannot be reached.'))
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  submit()
})

form.elements.wrong.addEventListener('click', () => {
  form.elements.name.value = ''
  form.elements.price.value = '-1'
  form.elements.tags.value = 'oak, a tag that is far too long to be one'
  submit()
})
