import { createFormRun, eachPaint, figuresOf } from './panel.js'
import { open, pieces } from './stream.js'

const MEBIBYTE = 1024 * 1024

const addresses = {
  file: () => '/download',
  generator: (form) => `/async-download?${new URLSearchParams(new FormData(form))}`,
}

/** A generator does not know how much it will send, but its file is the one of `/download`. */
async function sizeOf(response) {
  const length = response.headers.get('content-length')
  if (length !== null) return Number(length)
  const head = await fetch('/download', { method: 'HEAD', cache: 'no-store' })
  return Number(head.headers.get('content-length'))
}

for (const form of document.querySelectorAll('#download form')) {
  const progress = form.querySelector('progress')
  const figures = figuresOf(form)
  let size = 1
  let received = 0
  let seconds = 0

  const draw = eachPaint(() => {
    const part = received / size
    progress.value = part
    figures({
      percent: `${Math.floor(part * 100)} %`,
      size: `${(received / MEBIBYTE).toFixed(1)} MiB`,
      rate: seconds > 0 ? `${(received / MEBIBYTE / seconds).toFixed(0)} MiB/s` : '– MiB/s',
    })
  })

  createFormRun(form, {
    output: form.querySelector('.state'),
    async read({ signal, live }) {
      received = seconds = 0
      draw()
      const started = performance.now()
      const response = await open(addresses[form.dataset.source](form), { signal })
      size = await sizeOf(response)
      for await (const piece of pieces(response.body)) {
        live()
        received += piece.length
        seconds = (performance.now() - started) / 1000
        draw()
      }
      if (received !== size) throw new Error(`Expected ${size} bytes, received ${received}.`)
    },
  })
}
