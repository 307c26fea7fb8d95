/** An app for the console, with one route for each thing it can do, and a document written by hand. */
import { App, bytes, event, HttpError, jsonl, reply, sse, text } from 'millrace'
import { z } from 'zod'

const Tick = z.object({ n: z.number(), note: z.string().optional() })
const Ticks = z.object({
  count: z.coerce.number().int().default(5),
  interval: z.coerce.number().int().default(150),
})

const TICK = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } }
const EVENT = {
  type: 'object',
  required: ['data'],
  properties: { data: { type: 'string', contentMediaType: 'application/json', contentSchema: TICK } },
}
const number = (name: string, value: number) => ({
  name,
  in: 'query',
  schema: { type: 'integer', minimum: 0, maximum: 1_000_000, default: value },
})
const STREAM = {
  200: {
    description: 'Ticks.',
    content: { 'application/jsonl': { itemSchema: TICK }, 'text/event-stream': { itemSchema: EVENT } },
  },
}
const answers = (type: string) => ({ 200: { description: 'Fine.', content: { [type]: { schema: {} } } } })
const events = { 200: { description: 'Events.', content: { 'text/event-stream': { itemSchema: EVENT } } } }

/** As Millrace writes it, as far as the console is concerned. */
export const DOCUMENT = {
  openapi: '3.2.0',
  info: { title: 'Scene <b>', version: '1.2.3', description: 'An app with **one route** for each thing.' },
  paths: {
    '/ticks': {
      get: {
        operationId: 'ticks',
        summary: 'A ticker',
        parameters: [number('count', 5), number('interval', 150)],
        responses: STREAM,
      },
    },
    '/cut': { get: { operationId: 'cut', responses: STREAM } },
    '/lookalike': { get: { operationId: 'lookalike', responses: STREAM } },
    '/bare-cut': { get: { operationId: 'bareCut', responses: answers('text/plain') } },
    '/chat': { get: { operationId: 'chat', responses: events } },
    '/flood': { get: { operationId: 'flood', parameters: [number('count', 20_000)], responses: STREAM } },
    '/items/{kind}': {
      post: {
        operationId: 'createItem',
        tags: ['items'],
        parameters: [
          { name: 'kind', in: 'path', required: true, schema: { enum: ['tea', 'coffee'] } },
          { name: 'loud', in: 'query', schema: { type: 'boolean' } },
          { name: 'day', in: 'query', schema: { type: 'string', format: 'date' } },
          { name: 'tag', in: 'query', schema: { type: 'array', items: { type: 'string' } } },
          { name: 'x-trace', in: 'header', schema: { type: 'string' } },
          { name: 'flavour', in: 'cookie', schema: { type: 'string' } },
        ],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/NewItem' } } },
        },
        responses: answers('application/json'),
      },
    },
    '/upload': {
      post: {
        operationId: 'upload',
        requestBody: {
          content: {
            'multipart/form-data': {
              schema: {
                type: 'object',
                properties: {
                  title: { type: 'string' },
                  file: { type: 'string', contentMediaType: 'application/octet-stream' },
                },
              },
            },
          },
        },
        responses: answers('application/json'),
      },
    },
    '/file': { get: { operationId: 'file', responses: answers('application/octet-stream') } },
    '/secret': {
      get: { operationId: 'secret', security: [{ bearer: [] }], responses: answers('application/json') },
    },
  },
  components: {
    schemas: {
      NewItem: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', minLength: 1 },
          price: { type: 'number', exclusiveMinimum: 0 },
        },
      },
    },
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer' },
      oauth: {
        type: 'oauth2',
        flows: {
          authorizationCode: {
            authorizationUrl: 'https://sign-in.example/authorize?a=1',
            tokenUrl: 'https://sign-in.example/token',
            scopes: { 'tea:read': 'Read', 'tea:write': 'Write' },
          },
        },
      },
      openId: { type: 'openIdConnect', openIdConnectUrl: '/.well-known/openid-configuration' },
      hostile: {
        type: 'oauth2',
        flows: { implicit: { authorizationUrl: 'javascript:alert(1)', scopes: {} } },
      },
    },
  },
}

const SOCKETS = {
  asyncapi: '3.1.0',
  info: { title: 'Scene', version: '1.2.3' },
  channels: { echo: { address: '/echo', messages: { text: { payload: { type: 'string' } } } } },
  operations: {
    receive: {
      action: 'receive',
      channel: { $ref: '#/channels/echo' },
      messages: [{ $ref: '#/channels/echo/messages/text' }],
    },
  },
}

/** @param docs Where the docs page is. */
export function createScene(docs = '/docs'): App {
  const app = new App({ title: 'Scene <b>', version: '1.2.3', docs, bodyLimit: 64 * 1024 * 1024 })
  app.get('/openapi.json', () => DOCUMENT)
  app.get('/asyncapi.json', () => SOCKETS)

  app.get(
    '/ticks',
    { query: Ticks, streams: [jsonl(Tick), sse(Tick)] },
    async function* ({ query, sleep, lastEventId }) {
      for (let n = lastEventId === undefined ? 0 : Number(lastEventId) + 1; n < query.count; n++) {
        if (n > 0) await sleep(query.interval)
        yield event({ n }, { id: String(n) })
      }
    },
  )

  app.get('/cut', { streams: [jsonl(Tick), sse(Tick)] }, async function* ({ sleep, lastEventId }) {
    const from = lastEventId === undefined ? 0 : Number(lastEventId) + 1
    for (let n = from; n < from + 3; n++) {
      yield event({ n }, { id: String(n) })
      await sleep(50)
    }
    throw new HttpError(503, { detail: 'The well is dry.' })
  })

  // Items of its own that have the form of a failure and of an end, and then the end of the route.
  app.get('/lookalike', { streams: jsonl(undefined, { end: true }) }, async function* ({ sleep }) {
    yield { $error: { title: 'Mine', status: 500 } }
    yield { $end: true }
    await sleep(20)
    yield { n: 3 }
  })

  app.get('/bare-cut', { streams: text }, async function* ({ sleep }) {
    yield 'a beginning\n'
    await sleep(50)
    throw new Error('without a word')
  })

  app.get('/chat', { streams: sse() }, async function* ({ sleep }) {
    for (const content of ['Water ', 'turns ', 'the ', 'wheel.']) {
      yield { choices: [{ index: 0, delta: { content } }] }
      await sleep(20)
    }
  })

  app.get('/flood', { query: Ticks, streams: jsonl(Tick) }, function* ({ query }) {
    for (let n = 0; n < query.count; n++) yield { n, note: 'x'.repeat(40) }
  })

  app.post('/items/:kind', async ({ params, query, cookies, request, body }) => ({
    ...params,
    query: { ...query },
    trace: request.headers['x-trace'],
    cookie: cookies['flavour'],
    body: await body.json(),
  }))

  app.post('/upload', { bodyLimit: 64 * 1024 * 1024 }, async ({ body, sleep }) => {
    let size = 0
    for await (const chunk of body) {
      size += chunk.byteLength
      // A slow reader: the browser has to wait, and tells how far it is.
      if (size % (1024 * 1024) < chunk.byteLength) await sleep(80)
    }
    return { size }
  })

  const file = new Uint8Array(300_000).map((_, i) => i % 251)
  app.get('/file', { streams: bytes() }, ({ request }) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(String(request.headers['range'] ?? ''))
    if (range === null) return reply.bytes(file)
    const [from, to] = [Number(range[1]), Number(range[2])]
    const headers = { 'content-range': `bytes ${from}-${to}/${file.byteLength}` }
    return reply.bytes(file.slice(from, to + 1), { status: 206, headers })
  })

  app.get('/secret', ({ request }) => {
    if (request.headers['authorization'] !== 'Bearer open sesame') throw new HttpError(401)
    return { open: true }
  })

  app.websocket('/echo', { receives: z.string(), sends: z.string() }, async ({ socket }) => {
    for await (const line of socket) {
      if (line === 'bye') return socket.close(4001, 'as you wish')
      await socket.send(`echo: ${line}`)
    }
  })
  return app
}
