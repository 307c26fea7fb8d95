import { show } from './panel.js'

const LINES = 100

const section = document.querySelector('#chat')
const output = section.querySelector('.state')
const log = section.querySelector('.log')
const form = section.querySelector('form')
const button = form.querySelector('button')

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

let socket
let failures = 0

function connect() {
  socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`)

  socket.addEventListener('open', () => {
    failures = 0
    button.disabled = false
    show(output, 'complete', 'connected')
  })
  socket.addEventListener('message', ({ data }) => add(data))
  socket.addEventListener('close', () => {
    button.disabled = true
    show(output, 'waiting', 'reconnecting')
    setTimeout(connect, Math.min(15_000, 500 * 2 ** failures++))
  })
}

function add(text) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 8
  const row = document.createElement('p')
  const time = row.appendChild(document.createElement('time'))
  time.textContent = clock.format(new Date())
  row.append(document.createElement('span'))
  row.lastChild.textContent = text
  log.append(row)
  if (log.children.length > LINES) log.firstChild.remove()
  if (atEnd) log.scrollTop = log.scrollHeight
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (socket.readyState !== WebSocket.OPEN) return
  socket.send(form.elements.line.value)
  form.reset()
})

connect()
