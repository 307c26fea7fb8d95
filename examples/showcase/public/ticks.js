import { createChart } from './chart.js'
import { count, createFormRun, duration, eachPaint, figuresOf } from './panel.js'
import { lines, open } from './stream.js'

const COUNT = 1500
const address = `/ticks?count=${COUNT}&interval=200`

const section = document.querySelector('#ticks')
const form = section.querySelector('form')
const chart = createChart(section.querySelector('canvas'))
const figures = figuresOf(section)

const formats = {
  sse: { type: 'text/event-stream', follow: followEvents },
  jsonl: { type: 'application/jsonl', follow: followLines },
}

/** Server-sent events, with the browser's own reader. It would reconnect for ever, so we close it at the end. */
function followEvents(signal, onTick) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(address)
    const close = (settle, value) => {
      source.close()
      settle(value)
    }
    source.addEventListener('message', ({ data }) => {
      const tick = JSON.parse(data)
      onTick(tick)
      if (tick.n === COUNT - 1) close(resolve)
    })
    source.addEventListener('error', () => close(reject, new Error('The stream was cut.')))
    signal.addEventListener('abort', () => close(reject, signal.reason))
  })
}

/** JSON Lines, with fetch: one JSON value per line. */
async function followLines(signal, onTick) {
  const response = await open(address, { signal, accept: formats.jsonl.type })
  for await (const arrived of lines(response.body)) {
    for (const line of arrived) if (line !== '') onTick(JSON.parse(line))
  }
}

let tick, delay

const draw = eachPaint(() => {
  chart.draw()
  if (tick) figures({ price: tick.price.toFixed(2), count: count(tick.n + 1), delay: duration(delay) })
})

const run = createFormRun(form, {
  output: section.querySelector('.state'),
  read({ signal, live }) {
    const format = formats[form.elements.format.value]
    figures({ price: '–', count: '0', delay: '–', type: format.type })
    tick = undefined
    chart.clear()
    draw()
    return format.follow(signal, (next) => {
      live()
      tick = next
      delay = Math.max(0, Date.now() - Date.parse(next.at))
      chart.add(next.price)
      draw()
    })
  },
})

for (const choice of form.elements.format) choice.addEventListener('change', run.start)

// A hidden tab holds no connection: a browser allows six per server, shared by all its tabs.
let interrupted = false
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    interrupted = run.running
    run.stop()
  } else if (interrupted) {
    run.start()
  }
})

run.start()
