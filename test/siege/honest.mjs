// An honest client: asks for JSON over and over, on a connection that it keeps and on new ones.
// Arguments: door and port. Run by server-process.ts.
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'

const [, , door, port] = process.argv
const PAUSE_MS = 4
const GIVE_UP_MS = 5000
const kept = {
  http1: new http.Agent({ keepAlive: true, maxSockets: 1 }),
  tls: new https.Agent({ keepAlive: true, maxSockets: 1 }),
}
const body = '{"n":1}'
let session

function overHttp1(isNew) {
  const { request } = door === 'tls' ? https : http
  const agent = isNew ? false : kept[door]
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const options = {
    host: '127.0.0.1',
    port,
    path: '/json',
    method: 'POST',
    agent,
    headers,
    rejectUnauthorized: false,
  }
  return new Promise((resolve, reject) => {
    const asked = request(options, (got) => {
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

function overHttp2(isNew) {
  let used = session
  if (isNew || used === undefined || used.closed || used.destroyed) {
    used = http2.connect(`http://127.0.0.1:${port}`)
    used.on('error', () => {})
    if (!isNew) session = used
  }
  return new Promise((resolve, reject) => {
    const asked = used.request({ ':path': '/json', ':method': 'POST', 'content-type': 'application/json' })
    asked.on('response', (head) => head[':status'] !== 200 && reject(new Error(`status ${head[':status']}`)))
    asked.setTimeout(GIVE_UP_MS, () => asked.close())
    asked.on('error', reject)
    asked.on('end', resolve)
    asked.on('close', () => {
      reject(new Error('closed'))
      if (isNew) used.close()
    })
    asked.resume()
    asked.end(body)
  })
}

const ask = door === 'http2' ? overHttp2 : overHttp1
let times = []
let failures = {}
let stopped = false

async function run() {
  for (let n = 0; !stopped; n++) {
    const from = performance.now()
    try {
      await ask(n % 2 === 1)
    } catch (error) {
      failures[error.code ?? error.message] = (failures[error.code ?? error.message] ?? 0) + 1
    }
    times.push(performance.now() - from)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

process.on('message', ({ id, ask }) => {
  const answer = { times, failures }
  times = []
  failures = {}
  if (ask === 'stop') stopped = true
  process.send({ id, answer })
})
process.on('disconnect', () => process.exit(0))
void run()
process.send({ ports: {} })
