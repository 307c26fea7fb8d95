import { count, createRun, eachPaint, figuresOf } from './panel.js'
import { lines, open } from './stream.js'

const section = document.querySelector('#data')
const told = section.querySelector('.told')
const outcomes = section.querySelector('tbody')
const buttons = section.querySelectorAll('button')
const figures = figuresOf(section)

let items = 0
const draw = eachPaint(() => figures({ items: count(items) }))

const readProcessed = async () => (await open('/data/processed')).json()

function showProcessed(processed) {
  figures({ finished: count(processed.finished) })
  const rows = { complete: 0, disconnect: 0, ...processed.outcomes }
  outcomes.replaceChildren(
    ...Object.entries(rows).map(([outcome, times]) => {
      const row = document.createElement('tr')
      const head = row.appendChild(document.createElement('th'))
      head.scope = 'row'
      head.textContent = outcome
      row.insertCell().textContent = count(times)
      return row
    }),
  )
}

/** Waits for the task of the stream that has just ended, and says what it was told. */
async function awaitTask(before) {
  for (let attempt = 0; attempt < 50; attempt++) {
    const after = await readProcessed()
    showProcessed(after)
    if (after.finished > before.finished) {
      const outcome = Object.keys(after.outcomes).find(
        (name) => after.outcomes[name] !== before.outcomes[name],
      )
      told.textContent = `The stream ended and its task was told: ${outcome}.`
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  told.textContent = 'The task has not finished yet.'
}

/** Reads `/data`. With `leaveAfter`, it goes away after so many items, with most of them unread. */
async function readData(address, leaveAfter = Infinity) {
  for (const button of buttons) button.disabled = true
  items = 0
  draw()
  const before = await readProcessed()
  const run = createRun({
    output: section.querySelector('.state'),
    async read({ signal, live }) {
      const response = await open(address, { signal })
      for await (const arrived of lines(response.body)) {
        live()
        items += arrived.length
        draw()
        if (items >= leaveAfter) run.stop()
      }
    },
  })
  await run.start()
  await awaitTask(before)
  for (const button of buttons) button.disabled = false
}

section.querySelector('[name=all]').addEventListener('click', () => readData('/data?items=10'))
section.querySelector('[name=leave]').addEventListener('click', () => readData('/data?items=10000000', 1000))

showProcessed(await readProcessed())
