import { createFormRun, eachPaint, figuresOf } from './panel.js'

const MEBIBYTE = 1024 * 1024
/** Up to this size the page computes the digest, too, to compare. */
const COMPARABLE = 128 * MEBIBYTE

const section = document.querySelector('#upload')
const form = section.querySelector('form')
const progress = form.querySelector('progress')
const told = form.querySelector('.told')
const figures = figuresOf(form)
const size = (bytes) => `${(bytes / MEBIBYTE).toFixed(1)} MiB`

let sent = 0
let received = 0
let total = 1

const draw = eachPaint(() => {
  progress.value = received / total
  figures({ sent: size(sent), received: size(received) })
})

/** Something to send for whoever has nothing at hand. */
function madeHere() {
  const block = new Uint8Array(MEBIBYTE)
  for (let at = 0; at < MEBIBYTE; at += 65536) crypto.getRandomValues(block.subarray(at, at + 65536))
  return new File(
    Array.from({ length: 48 }, () => block),
    'made-here.bin',
  )
}

/** What the server tells of an upload, as it arrives there. Resolves when it listens. */
function follow(id, signal) {
  return new Promise((resolve, reject) => {
    const events = new EventSource(`/uploads/${id}/progress`)
    const close = () => events.close()
    signal.addEventListener('abort', close)
    events.addEventListener('open', () => resolve(close))
    events.addEventListener('error', () => {
      close()
      reject(new Error('The progress cannot be followed.'))
    })
    events.addEventListener('message', ({ data }) => {
      const { received: bytes, length, ended } = JSON.parse(data)
      received = bytes
      if (length !== undefined) total = length
      draw()
      if (ended) close()
    })
  })
}

/** `fetch` does not tell how much it has sent; XMLHttpRequest does. */
function send(id, file, { signal, live }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `/uploads/${id}`)
    request.responseType = 'json'
    request.upload.addEventListener('progress', ({ loaded }) => {
      live()
      sent = loaded
      draw()
    })
    request.addEventListener('load', () => {
      if (request.status === 200) return resolve(request.response)
      told.textContent = request.response?.detail ?? 'The server refused it.'
      reject(Object.assign(new Error('refused'), { status: request.status }))
    })
    request.addEventListener('error', () => reject(new Error('The connection broke.')))
    request.addEventListener('abort', () => reject(signal.reason))
    signal.addEventListener('abort', () => request.abort())
    const body = new FormData()
    body.append('file', file)
    request.send(body)
  })
}

async function compare(file, sha256) {
  // Browsers have no digests on pages from another machine that come without TLS.
  if (file.size > COMPARABLE || crypto.subtle === undefined) return 'It is saved, and was not compared.'
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()))
  const mine = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
  if (mine !== sha256) throw new Error('The server has something else.')
  return 'The SHA-256 that the server computed on the way is right.'
}

createFormRun(form, {
  output: section.querySelector('.state'),
  async read({ signal, live }) {
    const [chosen] = form.elements.file.files
    const file = chosen ?? madeHere()
    const id = crypto.randomUUID?.() ?? '00000000-0000-4000-8000-000000000000'
    sent = received = 0
    total = file.size
    figures({ saved: '–' })
    draw()
    const close = await follow(id, signal)
    try {
      const { name, bytes, sha256 } = await send(id, file, { signal, live })
      figures({ saved: `${name}, ${size(bytes)}` })
      told.textContent = await compare(file, sha256)
    } finally {
      setTimeout(close, 1000)
    }
  },
})
