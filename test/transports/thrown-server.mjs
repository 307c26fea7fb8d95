// A server that throws odd values everywhere: what cannot be asked, read or written. Run by thrown.test.ts.
import { connect } from 'millrace/testing'
import {
  App,
  bytes,
  channel,
  dependency,
  HttpError,
  jsonArray,
  jsonl,
  jsonSeq,
  reply,
  sse,
  StreamCancelled,
  text,
} from 'millrace'

const refuse = () => {
  throw refuse
}
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const NAMES = [
  'name',
  'message',
  'cause',
  'stack',
  'status',
  'code',
  'headers',
  'reason',
  'toString',
  'toJSON',
]
const spoil = (value) => {
  for (const name of [...NAMES, Symbol.toPrimitive, Symbol.toStringTag])
    Object.defineProperty(value, name, { get: refuse, enumerable: true })
  return value
}
const circular = new Error('circular')
circular.cause = { again: circular, big: 1n }
/** What is thrown, by its name. */
const KINDS = {
  revoked,
  proxy: () => new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse, ownKeys: refuse }),
  'error-proxy': () => new Proxy(new HttpError(404), { get: refuse }),
  getters: () => spoil({}),
  'error-getters': () => spoil(new Error('x')),
  'null-prototype': () => Object.create(null),
  'http-prototype': () => Object.create(HttpError.prototype),
  'cancelled-prototype': () => Object.create(StreamCancelled.prototype),
  function: () => refuse,
  symbol: () => Symbol('x'),
  bigint: () => 1n,
  undefined: () => undefined,
  null: () => null,
  text: () => 'text',
  circular: () => circular,
  cause: () => new Error('x', { cause: revoked() }),
}
const raise = (kind) => {
  throw KINDS[kind]()
}

const errors = []
const at = (level) => (_, message) => {
  if (level === 'error') errors.push(message)
  // A logger that fails, once in its call and once later.
  if (process.argv[2] === 'logger' && errors.length % 2 === 1) raise('revoked')
  return process.argv[2] === 'logger' ? Promise.reject(KINDS.getters()) : undefined
}
const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
const asked = ({ path }) => path.split('/').at(-1)
const app = new App({
  log,
  unwindMs: 200,
  middleware: [
    (context, next) => (context.path.startsWith('/middleware/') ? raise(asked(context)) : next()),
    async (context, next) => {
      const made = await next()
      if (context.path.startsWith('/middleware-after/')) raise(asked(context))
      if (context.path.startsWith('/transform'))
        made.transform(async function* (chunks) {
          if (context.path.startsWith('/transform-first/')) raise(asked(context))
          for await (const chunk of chunks) yield chunk
          raise(asked(context))
        })
      return made
    },
  ],
  observers: ['head', 'end', 'error'].map((name) => ({
    [name]: (request, ...rest) => {
      if (request.path.startsWith(`/observer-${name}/`)) raise(asked(request))
      if (request.path.startsWith(`/observer-async-${name}/`)) return Promise.reject(KINDS[asked(request)]())
      return rest.length
    },
  })),
})
app.onError((_, context) => (context.path.startsWith('/on-error/') ? raise(asked(context)) : undefined))

const get = (path, ...rest) => app.get(`/${path}/:kind`, ...rest)
get('value', (context) => raise(asked(context)))
get('async', async (context) => raise(asked(context)))
get('rejected', (context) => Promise.reject(KINDS[asked(context)]()))
get('thenable', (context) => ({
  // oxlint-disable-next-line unicorn/no-thenable -- query builders are thenables
  then: (_, reject) => reject(KINDS[asked(context)]()),
}))
get('on-error', (context) => raise(asked(context)))
get('middleware', () => 'x')
get('middleware-after', () => 'x')
get('transform', () => 'x')
get('transform-first', () => 'x')
get('transform-stream', { streams: jsonl() }, function* () {
  yield 1
})
for (const name of ['head', 'end', 'async-head', 'async-end']) get(`observer-${name}`, () => 'x')
for (const name of ['error', 'async-error']) get(`observer-${name}`, () => raise('text'))
const FORMATS = {
  text,
  bytes: bytes(),
  jsonl: jsonl(),
  'json-seq': jsonSeq(),
  sse: sse(),
  'json-array': jsonArray(),
}
for (const [name, streams] of Object.entries(FORMATS)) {
  const first = name === 'bytes' ? new Uint8Array([65]) : 'first'
  get(`first-${name}`, { streams }, async function* (context) {
    if (context.path !== '') raise(asked(context))
    yield first
  })
  get(`middle-${name}`, { streams }, async function* (context) {
    yield first
    raise(asked(context))
  })
  get(`later-${name}`, { streams }, async function* (context) {
    yield first
    await new Promise((resolve) => setTimeout(resolve, 5))
    raise(asked(context))
  })
  get(`sync-${name}`, { streams }, function* (context) {
    yield first
    raise(asked(context))
  })
  get(`yields-${name}`, { streams }, function* (context) {
    yield first
    yield KINDS[asked(context)]()
  })
}
get('undeclared', function* (context) {
  yield 'first'
  raise(asked(context))
})
get('finally', { streams: text }, async function* (context) {
  try {
    yield 'first'
  } finally {
    raise(asked(context))
  }
})
get('web-stream', (context) => {
  const pull = (controller) => controller.error(KINDS[asked(context)]())
  return new ReadableStream({ start: (controller) => controller.enqueue('first'), pull })
})
get('response', (context) => {
  const pull = (controller) => controller.error(KINDS[asked(context)]())
  return new Response(
    new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)), pull }),
  )
})
get('file-open', (context) => reply.file({ name: 'x', open: async () => raise(asked(context)) }))
for (const failing of ['read', 'close'])
  get(`file-${failing}`, (context) =>
    reply.file({
      name: 'x',
      open: async () => ({
        size: 9,
        read: async (target) => (failing === 'read' ? raise(asked(context)) : target.fill(65, 0, 9) && 9),
        close: async () => (failing === 'close' ? raise(asked(context)) : undefined),
      }),
    }),
  )
const open = dependency((context) => raise(asked(context)))
const openLater = dependency(async (context) => raise(asked(context)))
const close = dependency(async function* (context) {
  yield 1
  raise(asked(context))
})
const commit = dependency({ scope: 'handler' }, async function* (context) {
  yield 1
  raise(asked(context))
})
get('dependency', { use: { open } }, () => 'x')
get('dependency-async', { use: { openLater } }, () => 'x')
get('cleanup', { use: { close } }, () => 'x')
get('cleanup-stream', { use: { close }, streams: text }, async function* () {
  yield 'x'
})
get('commit', { use: { commit } }, () => 'x')
get('commit-stream', { use: { commit }, streams: text }, async function* () {
  yield 'x'
})
get('after', (context) => {
  context.after(() => raise(asked(context)))
  return 'x'
})
get('trailer', { streams: text }, async function* (context) {
  context.head.trailer('x-a', () => raise(asked(context)))
  yield 'x'
})
const validator = (fail) => ({ '~standard': { version: 1, vendor: 'x', validate: fail } })
let validated
const schema = validator(() => raise(validated))
get('schema', { query: schema }, () => 'x')
get('schema-async', { query: validator(async () => raise(validated)) }, () => 'x')
get('returns', { returns: schema }, () => 'x')
get('item-schema', { streams: jsonl(schema) }, function* () {
  yield 1
})
app.mount('/mount', (request) => raise(request.url.split('/').at(-1)))
app.post(
  '/body-schema/:kind',
  { body: validator((value) => (value === undefined ? { issues: [] } : raise(validated))) },
  () => 'x',
)
app.post('/lines/:kind', { body: jsonl(schema) }, async ({ body }) => {
  for await (const _ of body) void _
  return 'x'
})
for (const failing of ['write', 'close', 'abort'])
  app.post(`/sink-${failing}/:kind`, async (context) => {
    const fail = (name) =>
      name === failing || (failing === 'abort' && name === 'write') ? raise(asked(context)) : undefined
    await context.body.saveTo({
      write: () => fail('write'),
      close: () => fail('close'),
      abort: () => fail('abort'),
    })
    return 'x'
  })
app.post('/progress/:kind', async (context) => {
  context.body.onProgress(() => raise(asked(context)))
  return context.body.text()
})
// Values that handlers return.
get('returned', (context) => KINDS[asked(context)]())
get('returned-async', async (context) => KINDS[asked(context)]())
get('returned-json', (context) => reply.json({ value: KINDS[asked(context)]() }))
get('returned-streams', { streams: jsonl() }, (context) => KINDS[asked(context)]())
get('to-json', (context) => ({ toJSON: () => raise(asked(context)) }))
get('getter', (context) => ({
  get value() {
    return raise(asked(context))
  },
}))
// WebSockets.
const socket = (path, handler) => app.websocket(`/ws-${path}/:kind`, {}, handler)
socket('first', async (context) => raise(asked(context)))
socket('sync', (context) => raise(asked(context)))
socket('message', async (context) => {
  for await (const _ of context.socket) raise(asked(context))
})
socket('send', async (context) => {
  await context.socket.send(KINDS[asked(context)]())
})
socket('send-unawaited', (context) => {
  void context.socket.send({ toJSON: () => raise(asked(context)) })
})
socket('follow', async (context) => {
  context.socket.follow({ subscribe: () => raise(asked(context)) })
})
socket('follow-take', async (context) => {
  const following = {
    take: () => raise(asked(context)),
    closed: false,
    onReady: undefined,
    close: () => {},
  }
  context.socket.follow({ subscribe: () => following })
  await context.socket.closed
})
const news = channel('news')
socket('channel', async (context) => {
  context.socket.follow(news)
  news.publish({ toJSON: () => raise(asked(context)) })
})
app.websocket('/ws-schema/:kind', { receives: schema, sends: schema }, async ({ socket: peer }) => {
  for await (const _ of peer) void _
})
app.get('/log', () => {
  const told = [...errors]
  errors.length = 0
  return told
})
app.get('/kind/:kind', (context) => {
  validated = asked(context)
  return 'set'
})
// The same requests without a socket.
const connection = connect(app)
const answer = async (status, body) => [status, await body.catch(() => 'cut')]
app.get('/fetch/*rest', async ({ params }) => {
  const got = await app.fetch(new Request(`http://a/${params.rest}`))
  return answer(got.status, got.text())
})
app.get('/memory/*rest', async ({ params }) => {
  const got = await connection.request('GET', `/${params.rest}`)
  return answer(got.status, got.text())
})

const { port } = await app.listen({ port: 0, signals: false })
const paths = (method) =>
  app.routes
    .filter(
      (route) => route.method === method && route.path.endsWith('/:kind') && route.path !== '/kind/:kind',
    )
    .map((route) => route.path.split('/')[1])
const sockets = paths('WEBSOCKET')
process.stdout.write(
  `${JSON.stringify({ port, kinds: Object.keys(KINDS), get: paths('GET'), post: paths('POST'), sockets })}\n`,
)
process.stdin.resume().on('end', () => void app.close({ grace: 100 }).then(() => process.exit(0)))
