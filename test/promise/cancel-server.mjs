/**
 * A server whose clients leave all the time, and that counts what is open. Run with --expose-gc; asked
 * over IPC. With the argument `leaky` it is written the way an express handler is: pipe and hope.
 */
import { createReadStream, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'

const [mode, largeFile] = process.argv.slice(2)

const live = { generators: 0, handlers: 0, uploads: 0, dependencies: 0 }
const outcomes = {}
let started = 0
let ended = 0
const ticker = new EventEmitter().setMaxListeners(0)
setInterval(() => ticker.emit('tick', 1), 5).unref()

/** From the signal to the `finally`, in a ring that does not grow. */
const latencies = new Float64Array(20_000)
let measured = 0

/** Counts one piece of work, and how long after the signal it came to its end. */
function enter(kind, signal, after) {
  live[kind]++
  started++
  let abortedAt
  signal?.addEventListener('abort', () => (abortedAt = performance.now()))
  after?.(({ outcome }) => {
    ended++
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  })
  return () => {
    live[kind]--
    if (abortedAt !== undefined) latencies[measured++ % latencies.length] = performance.now() - abortedAt
  }
}

async function* lines(signal, after, sleep) {
  const leave = enter('generators', signal, after)
  try {
    for (let i = 0; ; i++) {
      yield `line ${i}\n`
      if (i % 4 === 3) await sleep(i % 8 === 3 ? 2 : 60_000)
    }
  } finally {
    leave()
  }
}

async function* burst(signal, after) {
  const leave = enter('generators', signal, after)
  try {
    for (;;) yield 'x'.repeat(500)
  } finally {
    leave()
  }
}

async function startMillrace() {
  const { App, bytes, dependency, jsonl, reply, sse, text } = await import('millrace')
  const { diskFile } = await import('millrace/node')
  const db = dependency(async function* () {
    live.dependencies++
    try {
      await wait(0)
      yield 'db'
    } finally {
      await wait(1)
      live.dependencies--
    }
  })
  const app = new App({ unwindMs: 5000, compress: { events: true } })
  app.get('/sleep', { streams: text }, ({ signal, after, sleep }) => lines(signal, after, sleep))
  app.get('/burst', { streams: text }, ({ signal, after }) => burst(signal, after))
  app.get('/rows', { streams: [jsonl(), sse()], use: { db } }, async function* ({ signal, after, sleep }) {
    const leave = enter('generators', signal, after)
    try {
      for (let n = 0; ; n++) {
        yield { n }
        await sleep(n % 5)
      }
    } finally {
      await wait(0)
      leave()
    }
  })
  app.get('/ticks', { streams: sse() }, async function* ({ signal, after, on }) {
    const leave = enter('generators', signal, after)
    try {
      for await (const [n] of on(ticker, 'tick')) yield n
    } finally {
      leave()
    }
  })
  app.get('/file', { use: { db } }, ({ after }) => {
    started++
    after(({ outcome }) => {
      ended++
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    })
    return reply.file(diskFile(largeFile))
  })
  app.get('/pending', { use: { db } }, async ({ signal, after }) => {
    const leave = enter('handlers', signal, after)
    try {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    } finally {
      leave()
    }
  })
  app.post('/upload', { use: { db }, body: bytes(), bodyLimit: 1e9 }, async ({ body, signal, after }) => {
    const leave = enter('uploads', signal, after)
    try {
      let size = 0
      for await (const chunk of body) size += chunk.byteLength
      return { size }
    } finally {
      leave()
    }
  })
  const options = { port: 0, signals: false }
  const [http1, http2] = [await app.listen(options), await app.listen({ ...options, http2: true })]
  return { http1: http1.port, http2: http2.port, tasks: () => app.engine.tasks.running }
}

/** What happens all over the web: nobody tells the source that the response is gone. */
async function startLeaky() {
  const sleep = (ms) => wait(ms, undefined, { ref: false })
  const server = createServer((request, response) => {
    response.on('error', () => {})
    if (request.url === '/file') return createReadStream(largeFile).pipe(response)
    if (request.url === '/burst') return Readable.from(burst()).pipe(response)
    return Readable.from(lines(undefined, undefined, sleep)).pipe(response)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { http1: server.address().port, http2: 0, tasks: () => 0 }
}

const { tasks, ...ports } = mode === 'leaky' ? await startLeaky() : await startMillrace()

async function counts() {
  for (let i = 0; i < 6; i++) {
    globalThis.gc()
    await wait(20)
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return {
    ...live,
    tasks: tasks(),
    unfinished: started - ended,
    started,
    outcomes,
    listeners: ticker.listenerCount('tick'),
    files: readdirSync('/proc/self/fd').length,
    heap: heapUsed,
    external,
    rss,
    latencies: Array.from(latencies.subarray(0, Math.min(measured, latencies.length))),
  }
}

process.on('message', (message) => {
  if (message === 'exit') process.exit(0)
  if (message === 'forget') measured = 0
  void counts().then((told) => process.send(told))
})
process.on('disconnect', () => process.exit(0))
process.send(ports)
