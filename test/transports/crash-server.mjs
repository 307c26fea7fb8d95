// A server whose handlers crash in every way we know, each on a path of its own. Run by crash.test.ts.
import { Readable } from 'node:stream'
import { createServer } from 'node:http'
import timers from 'node:timers/promises'
import { App, dependency, event, file, jsonl, multipart, reply, sse, text } from 'millrace'

const fail = (where) => {
  throw new Error(`crash in ${where}`)
}
const silent = createServer(() => {}).listen(0, '127.0.0.1')
await new Promise((resolve) => silent.once('listening', resolve))
silent.unref()
const hanging = `http://127.0.0.1:${silent.address().port}/`
const app = new App({
  middleware: [
    ({ path }, next) => (path === '/middleware' ? fail('middleware') : next()),
    async ({ path }, next) => {
      const made = await next()
      if (path === '/middleware-after') fail('middleware, after')
      if (path === '/bad-header') made.headers['x'] = 'a\r\nb'
      if (path === '/bad-body') made.body = undefined
      if (path === '/bad-status') made.status = 'teapot'
      if (path === '/transform')
        made.transform(async function* (chunks) {
          for await (const chunk of chunks) yield chunk
          fail('transform')
        })
      return made
    },
  ],
  observers: [{ head: () => fail('observer'), end: () => fail('observer'), error: () => fail('observer') }],
})
const cycle = {}
cycle.self = cycle
const cleanup = dependency(async function* () {
  try {
    yield 1
  } finally {
    fail('cleanup')
  }
})
app.onError((_, { path }) => (path === '/on-error' ? fail('error handler') : undefined))
app.get('/throw', () => fail('handler'))
app.get('/reject', async () => fail('async handler'))
app.get('/throw-nothing', () => {
  throw undefined
})
app.get('/throw-strange', () => {
  throw Object.create(null)
})
app.get('/throw-hostile', () => {
  throw {
    toJSON() {
      throw Object.create(null)
    },
  }
})
app.get('/throw-cycle', () => {
  throw Object.assign(new Error('cycle'), { cause: cycle, big: 1n })
})
app.get('/on-error', () => fail('handler'))
app.get('/middleware', () => 'x')
app.get('/middleware-after', () => 'x')
app.get('/bad-header', () => 'x')
app.get('/bad-body', () => 'x')
app.get('/bad-status', () => 'x')
app.get('/transform', { streams: text }, function* () {
  yield 'x'
})
app.get('/cycle', () => cycle)
app.get('/bigint', () => ({ n: 1n }))
app.get('/log', ({ log }) => {
  log.error(cycle, 'a cycle')
  log.error({ n: 1n }, 'a BigInt')
  log.error(
    {
      get bad() {
        return fail('getter')
      },
    },
    'a getter',
  )
  return 'x'
})
app.get('/cleanup', { use: { cleanup } }, () => 'x')
app.get('/cleanup-stream', { use: { cleanup }, streams: text }, async function* () {
  yield 'x'
})
app.get('/after', ({ after }) => {
  after(() => fail('after'))
  after(async () => fail('async after'))
  return 'x'
})
app.get('/first', { streams: text }, async function* () {
  fail('before the first item')
  yield 'x'
})
app.get('/middle', { streams: text }, async function* () {
  yield 'x'
  fail('the middle')
})
app.get('/middle-sync', { streams: [jsonl(), sse()] }, function* () {
  yield 1
  fail('the middle')
})
app.get('/finally', { streams: text }, async function* () {
  try {
    yield 'x'
    yield 'y'
  } finally {
    fail('finally')
  }
})
app.get('/leave', { streams: text }, async function* ({ sleep }) {
  try {
    yield 'x'
    await sleep(60_000)
  } finally {
    fail('finally')
  }
})
app.get('/items', { streams: jsonl() }, function* () {
  yield 1
  yield cycle
})
app.get('/event', { streams: sse() }, function* () {
  yield 1
  yield event(1, { id: 'a\nb' })
})
app.get('/undefined', { streams: jsonl() }, function* () {
  yield 1
  yield undefined
})
app.get('/node-before', () => {
  const source = new Readable({ read() {} })
  source.destroy(new Error('crash'))
  return source
})
app.get('/node-middle', () => {
  const source = new Readable({ read() {} })
  source.push('x')
  setTimeout(() => source.destroy(new Error('crash')), 5)
  return source
})
app.get('/node-dropped', ({ after }) => {
  const source = new Readable({ read() {} })
  after(() => source.destroy(new Error('crash after the end')))
  source.push('x')
  source.push(null)
  return source
})
app.get('/web', () =>
  reply.stream(
    new ReadableStream({
      start: (controller) => controller.enqueue('x'),
      pull: () => fail('pull'),
      cancel: () => fail('cancel'),
    }),
  ),
)
app.get('/iterator', () =>
  reply.stream({
    [Symbol.asyncIterator]: () => ({ next: async () => undefined, return: () => fail('return') }),
  }),
)
app.get('/iterator-late', () => {
  let pulled = 0
  const next = async () => (pulled++ === 0 ? { done: false, value: 'x' } : undefined)
  return reply.stream({ [Symbol.asyncIterator]: () => ({ next, return: () => fail('return') }) })
})
// oxlint-disable-next-line unicorn/no-thenable -- query builders are thenables
app.get('/thenable', () => ({ then: () => fail('then') }))
app.get('/response', () => Response.error())
app.get('/file', () => reply.file({ name: 'x', open: async () => fail('open') }))
app.get('/file-read', () =>
  reply.file({
    name: 'x',
    open: async () => ({ size: 9, read: async () => fail('read'), close: async () => fail('close') }),
  }),
)
// Waits that fail when the client has left, and nobody looks at them, or not yet.
app.get('/leave-late', { streams: text }, async function* ({ sleep }) {
  yield 'x'
  const pause = sleep(60_000)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await pause
})
// Tasks of their own: of two that fail, only the first is awaited.
app.get('/leave-tasks', async ({ sleep, signal }) => {
  const task = async () => sleep(60_000)
  const waits = [task(), task(), timers.setTimeout(60_000, 0, { signal }), fetch(hanging, { signal })]
  const chained = sleep(60_000).then(() => 'never')
  for (const each of waits) await each
  return chained
})
app.get('/leave-unseen', { streams: text }, async function* ({ sleep, on }) {
  void sleep(60_000)
  void on(new EventTarget(), 'x').next()
  yield 'x'
  void sleep(60_000)
  await new Promise((resolve) => setTimeout(resolve, 20))
})
app.post('/body-unseen', ({ body }) => {
  void body.json()
  return 'x'
})
app.post('/body-form-unseen', ({ body }) => {
  void body.form()
  return 'x'
})
app.post('/save-unseen', ({ body }) => {
  void body.saveTo('/nowhere/at/all')
  return 'x'
})
app.post('/parts-unseen', { body: multipart({ a: file(), b: file() }) }, async ({ body }) => {
  for await (const part of body) void part.saveTo('/nowhere/at/all')
  return 'x'
})
app.post('/body', async ({ body }) => {
  for await (const _ of body) fail('reading')
  return 'x'
})
app.mount('/mount', () => fail('mount'))
app.get('/alive', () => 'alive')
app.route('PURGE', '/unhandled', () => {
  void Promise.reject(new Error('crash that nobody handles'))
  return 'x'
})

const { port } = await app.listen({ port: 0 })
process.stdout.write(
  `${port} ${app.routes
    .filter((route) => route.method === 'GET')
    .map((route) => route.path)
    .join(' ')}\n`,
)
process.stdin.resume().on('end', () => void app.close({ grace: 100 }).then(() => process.exit(0)))
