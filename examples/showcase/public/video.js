import { count, createFormRun, duration, eachPaint, figuresOf } from './panel.js'
import { lines, open } from './stream.js'

const CELLS = 10

const section = document.querySelector('#video')
const form = section.querySelector('form')
const film = section.querySelector('.film')
const figures = figuresOf(section)

for (let i = 0; i < CELLS; i++) {
  const cell = film.appendChild(document.createElement('li'))
  cell.append(document.createElement('b'), document.createElement('span'))
}

let started, first, elapsed, total
let latest // the last ten frames, as { n, at }

const draw = eachPaint(() => {
  const newest = latest.at(-1)
  for (const { n, at } of latest) {
    const cell = film.children[n % CELLS]
    cell.firstChild.textContent = count(n)
    cell.lastChild.textContent = `+${duration(at)}`
    cell.dataset.at = at.toFixed(1)
    cell.className = n === newest.n ? 'newest' : 'arrived'
  }
  figures({
    count: count(total),
    first: first === undefined ? '–' : duration(first),
    elapsed: elapsed === undefined ? '–' : duration(elapsed),
  })
})

function clear() {
  started = performance.now()
  first = elapsed = undefined
  total = 0
  latest = []
  for (const cell of film.children) {
    cell.firstChild.textContent = cell.lastChild.textContent = ''
    cell.className = ''
    delete cell.dataset.at
  }
  draw()
}

const run = createFormRun(form, {
  output: section.querySelector('.state'),
  async read({ signal, live }) {
    clear()
    const response = await open(`/video?${new URLSearchParams(new FormData(form))}`, { signal })
    for await (const arrived of lines(response.body)) {
      live()
      elapsed = performance.now() - started
      first ??= elapsed
      for (let i = Math.max(0, arrived.length - CELLS); i < arrived.length; i++) {
        latest.push({ n: total + i, at: elapsed })
      }
      latest = latest.slice(-CELLS)
      total += arrived.length
      draw()
    }
  },
})

run.start()
