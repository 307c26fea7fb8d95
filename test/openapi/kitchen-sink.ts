/** An app that uses everything a document can tell of. */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import {
  anyOf,
  apiKey,
  App,
  basic,
  bearer,
  bytes,
  channel,
  dependency,
  file,
  form,
  jsonArray,
  jsonl,
  jsonSeq,
  oauth2,
  openIdConnect,
  Router,
  sse,
  text,
} from 'millrace'
import * as v from 'valibot'
import { z } from 'zod'

/** It takes less than it gives: `amount` and `at` may be left out. */
export const Order = z.object({
  id: z.uuid(),
  amount: z.int().min(1).default(1),
  at: z.coerce.date().default(() => new Date()),
  note: z.string().optional().describe('For the kitchen.'),
})

const Money = z.object({ value: z.number(), currency: z.enum(['EUR', 'USD']) }).meta({ id: 'Money' })

/** It refers to itself. */
export const Category = z.object({
  name: z.string(),
  get children() {
    return z.array(Category)
  },
})

const Tree = type.module({ node: { label: 'string', kids: 'node[]' } }).node
const Point = toStandardJsonSchema(v.object({ x: v.number(), y: v.number() }))
const Tick = z.object({ n: z.int(), price: Money })

const token = bearer({ format: 'JWT', description: 'A token of ours.' }, () => ({ scopes: ['orders:read'] }))
const key = apiKey({ in: 'header', key: 'X-API-Key', realm: 'orders' }, () => ({ scopes: ['orders:read'] }))
const session = apiKey({ in: 'cookie', key: 'session' }, () => 'ada')
const queryKey = apiKey({ in: 'query', key: 'key' }, () => 'ada')
const password = basic(() => 'ada')
const delegated = oauth2(
  {
    flows: {
      authorizationCode: {
        authorizationUrl: 'https://auth.example.com/authorize',
        tokenUrl: 'https://auth.example.com/token',
        scopes: { 'orders:read': 'Read orders', 'orders:write': 'Write orders' },
      },
      clientCredentials: { tokenUrl: 'https://auth.example.com/token' },
      deviceAuthorization: {
        deviceAuthorizationUrl: 'https://auth.example.com/device',
        tokenUrl: 'https://auth.example.com/token',
      },
    },
  },
  () => ({ scopes: ['orders:read', 'orders:write'] }),
)
const federated = openIdConnect(
  { url: 'https://auth.example.com/.well-known/openid-configuration', name: 'google' },
  () => 'ada',
)
const paging = dependency(
  {
    query: z.object({ page: z.coerce.number().int().min(1).default(1), size: z.coerce.number().default(20) }),
  },
  ({ query }) => query,
)

export const app = new App({
  title: 'Kitchen sink',
  version: '1.2.3',
  description: 'Everything that a document can *tell*.',
  openapi: {
    summary: 'All of it',
    termsOfService: 'https://example.com/terms',
    contact: { name: 'The kitchen', email: 'kitchen@example.com' },
    license: { name: 'MIT', identifier: 'MIT' },
    servers: [{ url: 'https://api.kitchen.dev', description: 'Production' }],
    tags: [
      { name: 'orders', description: 'What was ordered.' },
      { name: 'streams', description: 'What never ends.' },
      { name: 'chat', description: 'What goes both ways.' },
    ],
    externalDocs: { url: 'https://example.com/docs' },
    webhooks: {
      orderShipped: { summary: 'An order was shipped', body: Order, tags: ['orders'] },
    },
  },
  asyncapi: { servers: { production: { host: 'api.kitchen.dev', protocol: 'wss' } } },
})

// -- values

const orders = new Router({ prefix: '/orders/:shop', tags: ['orders'] })

export const listOrders = orders.get(
  '/',
  { use: { paging, token: token.scoped('orders:read') }, returns: z.array(Order) },
  () => [],
)

export const createOrder = orders.post(
  '/',
  {
    summary: 'Order something',
    description: 'It is made at once.',
    params: z.object({ shop: z.string().min(3).describe('Which shop.') }),
    headers: z.object({ 'idempotency-key': z.string().optional(), authorization: z.string().optional() }),
    cookies: z.object({ theme: z.enum(['light', 'dark']).optional() }),
    body: Order,
    returns: Order,
    status: 201,
    use: { caller: anyOf(token, key) },
    examples: {
      params: { shop: 'north' },
      body: { small: { id: '6f2b6f0e-59ab-4c7a-9df7-4b8a4c0f1f10' } },
      returns: {
        made: { id: '6f2b6f0e-59ab-4c7a-9df7-4b8a4c0f1f10', amount: 1, at: '2026-11-22T00:00:00.000Z' },
      },
    },
    replies: {
      202: { description: 'It will be made.', returns: z.object({ job: z.string() }) },
      404: 'There is no such shop.',
      418: 'Ordered coffee of a teapot.',
      303: { description: 'It was there already.', headers: z.object({ location: z.string() }) },
    },
    callbacks: {
      shipped: {
        url: '{$request.query.callback}',
        summary: 'It was shipped',
        body: Order,
        returns: z.object({ thanks: z.boolean() }),
      },
    },
  },
  () => ({ id: '6f2b6f0e-59ab-4c7a-9df7-4b8a4c0f1f10' }),
)

// The same path to OpenAPI as `/orders/:shop/:id` below, whatever the names.
orders.delete('/:id', { deprecated: true, use: { session, key } }, () => {})
app.include(orders)
app.get(
  '/orders/:store/:order',
  { use: { delegated: delegated.scoped('orders:read', 'orders:write') } },
  () => 'x',
)

app.get('/categories', { returns: Category }, () => ({ name: 'all', children: [] }))
app.get('/trees', { returns: Tree }, () => ({ label: 'root', kids: [] }))
app.post('/points', { body: Point, returns: Point }, ({ body }) => body)
app.post('/contacts', { body: z.object({ name: z.string(), tags: z.array(z.string()) }) }, () => {})
app.post(
  '/photos',
  {
    body: form({
      title: z.string(),
      photo: file({ types: ['image/png', 'image/jpeg'] }),
      more: file({ many: true, optional: true }),
    }),
  },
  () => {},
)
app.post('/notes', { body: text, use: { user: password.optional() } }, ({ body }) => body)
// May be left out, both ways.
app.post('/last', { body: Tick.optional(), returns: Tick.optional() }, ({ body }) => body)
app.put('/images/:name', { body: bytes('image/png'), use: { user: federated } }, () => {})
app.post('/rows', { body: jsonl(Tick), use: { queryKey } }, async ({ body }) => {
  for await (const _ of body);
})
app.query('/search', { body: z.object({ words: z.array(z.string()) }), returns: z.array(Tick) }, () => [])
app.route('PURGE', '/cache/:key', {}, () => {})
app.get('/either', { query: z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]) }, () => 'x')
app.get('/files/*path', { replies: { 200: { streams: bytes('application/zip') } } }, () => 'x')
app.get('/secret', { hidden: true }, () => 'x')
app.get('/extended', { openapi: { 'x-internal': true, operationId: 'stretched' } }, () => 'x')
app.get('/generated', function* () {
  yield 1
})

// -- streams

const streams = new Router({ prefix: '/streams', tags: ['streams'] })
const examples = {
  streams: {
    two: [
      { n: 1, price: { value: 2, currency: 'EUR' } },
      { n: 2, price: { value: 3, currency: 'USD' } },
    ],
  },
}

export const streamText = streams.get('/text', { streams: text }, function* () {})
export const streamBytes = streams.get('/bytes', { streams: bytes('video/mp4') }, function* () {})
export const streamJsonl = streams.get('/jsonl', { streams: jsonl(Tick), examples }, function* () {})
export const streamJsonSeq = streams.get('/json-seq', { streams: jsonSeq(Tick), examples }, function* () {})
export const streamJsonArray = streams.get(
  '/json-array',
  { streams: jsonArray(Tick), examples },
  function* () {},
)
export const streamSse = streams.get('/sse', { streams: sse(Tick), examples }, function* () {})
export const streamAny = streams.get(
  '/any',
  { streams: [jsonl(Tick), sse(Tick), jsonArray(Tick), text] as never },
  function* () {},
)
export const streamUntyped = streams.get('/untyped', { streams: [jsonl(), sse()] }, function* () {})
app.include(streams)

// -- sockets

export const news = channel('news', z.object({ headline: z.string() }))

export const chat = app.websocket(
  '/chat/:room',
  {
    summary: 'Chat',
    description: 'What one says, all hear.',
    tags: ['chat'],
    params: z.object({ room: z.enum(['tea', 'coffee']) }),
    query: z.object({ nick: z.string() }),
    receives: Order,
    sends: z.union([Order, z.string()]),
    use: { caller: token.scoped('orders:read'), key },
  },
  () => {},
)
app.websocket('/raw', { use: { delegated } }, () => {})
app.websocket('/any', { use: { caller: anyOf(token, queryKey).optional() } }, () => {})
