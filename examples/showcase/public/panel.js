// What the panels have in common: figures, states, and buttons that start and stop a stream.

const whole = new Intl.NumberFormat('en')

export const count = (n) => whole.format(n)

export const duration = (ms) =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`

/** Writes into the elements of `section` that carry a `data-figure`. */
export function figuresOf(section) {
  const elements = new Map()
  for (const element of section.querySelectorAll('[data-figure]'))
    elements.set(element.dataset.figure, element)
  return (values) => {
    for (const [name, value] of Object.entries(values)) elements.get(name).textContent = value
  }
}

/** Says in `output` how a stream is doing; `state` chooses its colour. */
export function show(output, state, text = state) {
  if (output.textContent === text) return
  output.dataset.state = state
  output.textContent = text
}

/** Calls `draw` once before the next paint, however often it is asked to. */
export function eachPaint(draw) {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    requestAnimationFrame(() => {
      asked = false
      draw()
    })
  }
}

/**
 * Runs one stream at a time: `start` begins, `stop` leaves, and the state always says how it ended.
 *
 * `read` gets a signal that aborts when it should stop, and calls `live()` when the first item is here.
 */
export function createRun({ output, read, onChange = () => {} }) {
  let controller

  async function start() {
    controller?.abort()
    const mine = new AbortController()
    controller = mine
    const say = (...words) => controller === mine && show(output, ...words)

    say('waiting')
    onChange(true)
    try {
      await read({ signal: mine.signal, live: () => say('streaming') })
      say('complete')
    } catch (error) {
      if (mine.signal.aborted) say('stopped')
      else say('failed', error.status ? `refused, ${error.status}` : 'cut off')
    }
    if (controller !== mine) return
    controller = undefined
    onChange(false)
  }

  return {
    start,
    stop: () => controller?.abort(),
    get running() {
      return controller !== undefined
    },
  }
}

/** A form whose button starts a run and, while it goes on, stops it. */
export function createFormRun(form, { output, read }) {
  const button = form.querySelector('button')
  const label = button.textContent
  const run = createRun({
    output,
    read,
    onChange(running) {
      button.textContent = running ? 'Stop' : label
      button.classList.toggle('quiet', running)
    },
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (run.running) run.stop()
    else run.start()
  })
  return run
}
