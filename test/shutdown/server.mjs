// A server that is told to end. Run by shutdown.test.ts with its settings as JSON; what happens is told
// on standard output, a JSON line each.
import { App, dependency, jsonl, reply, sse, text } from 'millrace'

const settings = JSON.parse(process.argv[2] ?? '{}')
const tell = (entry) => process.stdout.write(`${JSON.stringify({ at: Date.now(), ...entry })}\n`)
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const told = {}
let cleanups = 0
const watch = (signal) =>
  signal.addEventListener('abort', () => {
    const { reason } = signal.reason
    told[reason] ??= { count: 0, first: Date.now() }
    told[reason].count++
    told[reason].last = Date.now()
  })

const shared = dependency({ scope: 'app' }, async function* () {
  yield 'shared'
  tell({ event: 'app dependency' })
})
const own = dependency(async function* () {
  try {
    yield 'own'
  } finally {
    tell({ event: 'dependency' })
  }
})

const log = { debug() {}, info() {} }
for (const level of ['warn', 'error'])
  log[level] = (fields, message) =>
    tell({ event: 'log', level, message, error: fields.err?.message, replies: fields.replies })

const app = new App({
  log,
  backgroundMs: settings.backgroundMs ?? 10_000,
  unwindMs: settings.unwindMs ?? 5000,
  async *lifespan() {
    if (settings.failStart) throw new Error('no database')
    yield
    tell({ event: 'teardown', ready: app.ready, told, cleanups })
    if (settings.slowTeardown) await wait(settings.slowTeardown)
    if (settings.failStop) throw new Error('teardown failed')
    tell({ event: 'end' })
  },
})

app.get('/ready', () => ({ ready: app.ready }))
app.get('/events', { streams: sse(undefined, { retry: 50 }) }, async function* ({ signal, sleep }) {
  watch(signal)
  try {
    for (let n = 0; ; n++) {
      yield { n }
      await sleep(60_000)
    }
  } finally {
    cleanups++
  }
})
app.get('/lines', { streams: jsonl() }, async function* ({ signal, sleep }) {
  watch(signal)
  yield { n: 0 }
  await sleep(60_000)
})
app.get('/silent', { streams: text }, async function* ({ signal, sleep }) {
  watch(signal)
  await sleep(60_000)
  yield 'never'
})
app.websocket('/ws', {}, async ({ socket, signal }) => {
  watch(signal)
  for await (const message of socket) await socket.send(message)
})
app.get('/file', () => reply.file(settings.file))
app.get('/hang', async ({ after }) => {
  after(({ outcome }) => tell({ event: 'hang', outcome }))
  tell({ event: 'hanging' })
  await new Promise(() => {})
})
app.get('/wait/:ms', async ({ params }) => {
  tell({ event: 'waiting' })
  await wait(Number(params.ms))
  return `waited ${params.ms}`
})
app.get('/work/:ms', ({ params, after }) => {
  after(async () => {
    tell({ event: 'work begins' })
    await wait(Number(params.ms))
    tell({ event: 'work ends' })
  })
  return 'working'
})
app.get('/order', { use: { shared, own }, streams: sse() }, async function* ({ after, sleep }) {
  after(async ({ outcome }) => {
    await wait(50)
    tell({ event: 'background', outcome })
  })
  try {
    yield 1
    await sleep(60_000)
  } finally {
    await wait(50)
    tell({ event: 'stream cleanup' })
  }
})
// Cut at the deadline, unwinds a little later.
app.get('/late', { use: { shared, own } }, async ({ signal, after }) => {
  after(({ outcome }) => tell({ event: 'background', outcome }))
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
  await wait(30)
  tell({ event: 'handler cleanup' })
})
app.get('/finish', { onDisconnect: 'finish', streams: text }, async function* ({ after }) {
  after(({ outcome }) => tell({ event: 'finished', outcome }))
  for (let n = 1; n <= 10; n++) {
    yield `${n}\n`
    await wait(100)
    tell({ event: 'step', n })
  }
})
app.get('/finish-value', { onDisconnect: 'finish' }, async () => {
  tell({ event: 'hanging' })
  await wait(1000)
  tell({ event: 'value done' })
  return 'value'
})
app.get('/finish-endless', { onDisconnect: 'finish', streams: text }, async function* ({ sleep }) {
  try {
    for (;;) {
      yield 'x'
      await sleep(20)
    }
  } finally {
    tell({ event: 'endless stopped' })
  }
})

try {
  const { port } = await app.listen({
    port: 0,
    grace: settings.grace ?? 10_000,
    http2: settings.http2 ?? false,
    signals: settings.signals ?? true,
    ...(settings.tls === undefined ? {} : { tls: settings.tls }),
  })
  tell({ event: 'listening', port, ready: app.ready })
} catch (error) {
  tell({ event: 'refused', message: error.message, ready: app.ready })
  process.exitCode = 3
}
