import { createFormRun, eachPaint, figuresOf } from './panel.js'
import { open, pieces } from './stream.js'

const MEBIBYTE = 1024 * 1024
const PAUSE_MS = 900

const form = document.querySelector('#parts [data-source=resumed]')
const output = form.querySelector('.state')
const progress = form.querySelector('progress')
const figures = figuresOf(form)

let size = 1
let received = 0

const draw = eachPaint(() => {
  progress.value = received / size
  figures({
    percent: `${Math.floor((received / size) * 100)} %`,
    size: `${(received / MEBIBYTE).toFixed(1)} MiB`,
  })
})

/** Reads on until so many bytes are here, and then breaks the connection off. */
async function readTo(end, response, parts) {
  for await (const piece of pieces(response.body)) {
    parts.push(piece)
    received += piece.length
    draw()
    if (received >= end && end < size) return
  }
}

/** The server told in a header what the file adds up to; whoever has all of it can tell, too. */
async function check(parts, told) {
  if (received !== size) throw new Error(`Expected ${size} bytes, received ${received}.`)
  // Browsers have no digests on pages from another machine that come without TLS.
  if (told === null || crypto.subtle === undefined) return 'resumed, not checked'
  const digest = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer())
  const mine = `sha-256=:${btoa(String.fromCharCode(...new Uint8Array(digest)))}:`
  if (mine === told) return 'SHA-256 is right'
  figures({ check: 'SHA-256 is wrong' })
  throw new Error('The parts are not the file.')
}

createFormRun(form, {
  output,
  async read({ signal, live }) {
    const parts = []
    received = 0
    figures({ check: '' })
    draw()

    const headers = { 'want-repr-digest': 'sha-256=1' }
    const whole = await open('/download', { signal, headers })
    live()
    size = Number(whole.headers.get('content-length'))
    await readTo(size * (0.3 + Math.random() * 0.4), whole, parts)

    const brokenAt = `broken off at ${(received / MEBIBYTE).toFixed(1)} MiB`
    figures({ check: brokenAt })
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    signal.throwIfAborted()

    const rest = await open('/download', {
      signal,
      headers: { range: `bytes=${received}-`, 'if-range': whole.headers.get('etag') },
    })
    if (rest.status !== 206) throw new Error('The file is another one now.')
    await readTo(size, rest, parts)
    figures({ check: await check(parts, whole.headers.get('repr-digest')) })
  },
})
