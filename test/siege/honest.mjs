// An honest client: asks for JSON over and over, on a connection that it keeps and on new ones. How long it
// waits does not count the time in which the server, or this process, was ready to run and the machine did
// not let it. Arguments: the door, its port, and the server's process. Run by child.ts.
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { queued } from './queued.mjs'

const [, , door, port, server] = process.argv
const PAUSE_MS = 2
const GIVE_UP_MS = 5000
const body = '{"n":1}'

function createHttp1Asker() {
  const { Agent, request } = door === 'tls' ? https : http
  const kept = new Agent({ keepAlive: true, maxSockets: 1 })
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const target = { host: '127.0.0.1', port, path: '/json', method: 'POST', rejectUnauthorized: false }
  return (isNew) =>
    new Promise((resolve, reject) => {
      const asked = request({ ...target, headers, agent: isNew ? false : kept }, (got) => {
        got.resume()
        got.on('end', () =>
          got.statusCode === 200 ? resolve() : reject(new Error(`status ${got.statusCode}`)),
        )
        got.on('error', reject)
      })
      asked.on('error', reject)
      asked.setTimeout(GIVE_UP_MS, () => asked.destroy(new Error('late')))
      asked.end(body)
    })
}

function createHttp2Asker() {
  let kept
  const connect = () => http2.connect(`http://127.0.0.1:${port}`).on('error', () => {})
  return (isNew) => {
    if (!isNew && (kept === undefined || kept.closed || kept.destroyed)) kept = connect()
    const session = isNew ? connect() : kept
    return new Promise((resolve, reject) => {
      const asked = session.request({
        ':path': '/json',
        ':method': 'POST',
        'content-type': 'application/json',
      })
      asked.on(
        'response',
        (head) => head[':status'] !== 200 && reject(new Error(`status ${head[':status']}`)),
      )
      asked.setTimeout(GIVE_UP_MS, () => asked.close())
      asked.on('error', reject)
      asked.on('end', resolve)
      asked.on('close', () => {
        reject(new Error('closed'))
        if (isNew) session.close()
      })
      asked.resume()
      asked.end(body)
    })
  }
}

const ask = door === 'http2' ? createHttp2Asker() : createHttp1Asker()
let times = []
let failures = {}
/** The request under way. */
let begun

const now = () => ({ server: queued(server), client: queued(process.pid), at: performance.now() })
const held = () => Math.max(queued(server) - begun.server, queued(process.pid) - begun.client)
const waited = () => Math.max(0, performance.now() - begun.at - held())

async function measure(isNew) {
  begun = now()
  try {
    await ask(isNew)
  } catch (error) {
    const what = error.code ?? error.message
    failures[what] = (failures[what] ?? 0) + 1
  }
  times.push(waited())
}

process.on('message', ({ id }) => {
  // One that still waits counts, too: the latest may be the one that never comes.
  process.send({ id, answer: { times: [...times, waited()], failures } })
  times = []
  failures = {}
  begun = now()
})
process.on('disconnect', () => process.exit(0))
const first = measure(false)
process.send({ ports: {} })
await first

for (let turn = 0; ; turn++) {
  await measure(turn % 2 === 1)
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
}
