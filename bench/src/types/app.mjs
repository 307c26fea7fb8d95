/** The same API in Millrace, Hono and oRPC, as source text: 100 resources of five routes each, in 20 files, and a client that calls every route. */

const FILES = 20
const PER_FILE = 5
export const ROUTES = FILES * PER_FILE * 5

const item = (/** @type {number} */ n) =>
  `z.object({ id: z.string(), name${n}: z.string(), price: z.number(), tags: z.array(z.string()), status: z.enum(['open', 'closed']) })`
const body = (/** @type {number} */ n) =>
  `z.object({ name${n}: z.string().min(1), price: z.number().positive(), tags: z.array(z.string()).default([]) })`
const row = (/** @type {number} */ n, price = '1') =>
  `{ id: '1', name${n}: 'a', price: ${price}, tags: [] as string[], status: 'open' as const }`
const shared = `import { z } from 'zod'
export const ById = z.object({ id: z.uuid() })
export const Page = z.object({ limit: z.coerce.number().int().default(20), since: z.coerce.date().optional() })
`
const schemas = (/** @type {number} */ n) => `const Item${n} = ${item(n)}\nconst New${n} = ${body(n)}`

/** @typedef {{ header: string, open: (file: number) => string, resource: (n: number) => string, close: (ns: number[]) => string, files: Record<string, string>, client: string, use: (file: number, n: number) => string, completion: [string, string] }} Framework */

const numbers = Array.from({ length: FILES }, (_, file) => file)
const imports = (/** @type {string} */ name) =>
  numbers.map((file) => `import { ${name} as part${file} } from './part${file}.ts'`).join('\n')

/** @type {Record<string, Framework>} */
export const frameworks = {
  millrace: {
    header: `import { jsonl, Router, sse } from 'millrace'`,
    open: (file) => `const r = new Router({ prefix: '/p${file}' })`,
    resource: (
      n,
    ) => `export const list${n} = r.get('/r${n}', { query: Page, returns: z.array(Item${n}) }, ({ query }) => [${row(n, 'query.limit')}])
export const read${n} = r.get('/r${n}/:id', { params: ById, returns: Item${n} }, ({ params }) => ({ ...${row(n)}, id: params.id }))
export const create${n} = r.post('/r${n}', { body: New${n}, returns: Item${n} }, ({ body }) => ({ id: '1', status: 'open', ...body }))
export const watch${n} = r.get('/r${n}/:id/events', { params: ById, streams: [jsonl(Item${n}), sse(Item${n})] }, async function* () { for (let i = 0; i < 10; i++) yield ${row(n, 'i')} })
export const remove${n} = r.delete('/r${n}/:id', { params: ById }, ({ params }) => ({ removed: params.id }))`,
    close: () => '',
    files: {},
    client: `import { createClient } from 'millrace/client'
export const api = createClient<[${numbers.map((file) => `typeof import('./part${file}.ts')`).join(', ')}]>('http://localhost')`,
    use: (file, n) => `const [first] = await api.get('/p${file}/r${n}', { query: { limit: 5 } })
  const item = await api.get('/p${file}/r${n}/:id', { params: { id: first!.id } })
  const made = await api.post('/p${file}/r${n}', { body: { name${n}: item.name${n}, price: 1 } })
  for await (const row of api.get('/p${file}/r${n}/:id/events', { params: { id: made.id } })) if (row.price > 5) break
  await api.delete('/p${file}/r${n}/:id', { params: { id: made.id } })`,
    completion: [`void api.get('`, `')`],
  },
  hono: {
    header: `import { Hono } from 'hono'\nimport { streamSSE } from 'hono/streaming'\nimport { zValidator } from '@hono/zod-validator'`,
    open: () => `export const part = new Hono()`,
    resource: (
      n,
    ) => `  .get('/r${n}', zValidator('query', Page), (c) => c.json([${row(n, "c.req.valid('query').limit")}]))
  .get('/r${n}/:id', zValidator('param', ById), (c) => c.json({ ...${row(n)}, id: c.req.valid('param').id }))
  .post('/r${n}', zValidator('json', New${n}), (c) => c.json({ id: '1', status: 'open' as const, ...c.req.valid('json') }))
  .get('/r${n}/:id/events', zValidator('param', ById), (c) => streamSSE(c, async (stream) => { for (let i = 0; i < 10; i++) await stream.writeSSE({ data: JSON.stringify(Item${n}.parse(${row(n, 'i')})) }) }))
  .delete('/r${n}/:id', zValidator('param', ById), (c) => c.json({ removed: c.req.valid('param').id }))`,
    close: () => '',
    files: {
      'app.ts': `import { Hono } from 'hono'\n${imports('part')}\nexport const app = new Hono()\n${numbers.map((file) => `  .route('/p${file}', part${file})`).join('\n')}`,
    },
    client: `import { hc } from 'hono/client'\nimport type { app } from './app.ts'\nexport const api = hc<typeof app>('http://localhost')`,
    use: (file, n) => `const listed = await api.p${file}.r${n}.$get({ query: { limit: '5' } })
  if (!listed.ok) throw listed
  const [first] = await listed.json()
  const found = await api.p${file}.r${n}[':id'].$get({ param: { id: first!.id } })
  if (!found.ok) throw found
  const item = await found.json()
  const created = await api.p${file}.r${n}.$post({ json: { name${n}: item.name${n}, price: 1 } })
  if (!created.ok) throw created
  const made = await created.json()
  await api.p${file}.r${n}[':id'].events.$get({ param: { id: made.id } })
  await api.p${file}.r${n}[':id'].$delete({ param: { id: made.id } })`,
    completion: [`void api.p0.`, ``],
  },
  orpc: {
    header: `import { eventIterator, os } from '@orpc/server'`,
    open: () => ``,
    resource: (n) => `const r${n} = {
  list: os.route({ method: 'GET', path: '/r${n}' }).input(Page).output(z.array(Item${n})).handler(({ input }) => [${row(n, 'input.limit')}]),
  read: os.route({ method: 'GET', path: '/r${n}/{id}' }).input(ById).output(Item${n}).handler(({ input }) => ({ ...${row(n)}, id: input.id })),
  create: os.route({ method: 'POST', path: '/r${n}' }).input(New${n}).output(Item${n}).handler(({ input }) => ({ id: '1', status: 'open' as const, ...input })),
  watch: os.route({ method: 'GET', path: '/r${n}/{id}/events' }).input(ById).output(eventIterator(Item${n})).handler(async function* () { for (let i = 0; i < 10; i++) yield ${row(n, 'i')} }),
  remove: os.route({ method: 'DELETE', path: '/r${n}/{id}' }).input(ById).handler(({ input }) => ({ removed: input.id })),
}`,
    close: (ns) => `export const part = { ${ns.map((n) => `r${n}`).join(', ')} }`,
    files: {
      'app.ts': `${imports('part')}\nexport const router = { ${numbers.map((file) => `p${file}: part${file}`).join(', ')} }`,
    },
    client: `import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { RouterClient } from '@orpc/server'
import type { router } from './app.ts'
export const api: RouterClient<typeof router> = createORPCClient(new RPCLink({ url: 'http://localhost' }))`,
    use: (file, n) => `const [first] = await api.p${file}.r${n}.list({ limit: 5 })
  const item = await api.p${file}.r${n}.read({ id: first!.id })
  const made = await api.p${file}.r${n}.create({ name${n}: item.name${n}, price: 1 })
  for await (const row of await api.p${file}.r${n}.watch({ id: made.id })) if (row.price > 5) break
  await api.p${file}.r${n}.remove({ id: made.id })`,
    completion: [`void api.p0.`, ``],
  },
}

/** @param {Framework} framework @param {boolean} calls whether the client calls every route @returns {Record<string, string>} */
export function sources(framework, calls) {
  /** @type {Record<string, string>} */
  const files = { ...framework.files, 'shared.ts': shared, 'client.ts': framework.client }
  for (const file of numbers) {
    const ns = Array.from({ length: PER_FILE }, (_, i) => file * PER_FILE + i)
    files[`part${file}.ts`] = [
      framework.header,
      `import { z } from 'zod'\nimport { ById, Page } from './shared.ts'`,
      ...ns.map(schemas),
      framework.open(file),
      ...ns.map(framework.resource),
      framework.close(ns),
    ].join('\n')
    const uses = ns.map((n) => `export async function use${n}() {\n  ${framework.use(file, n)}\n}`)
    files[`call${file}.ts`] = `import { api } from './client.ts'\nvoid api\n${calls ? uses.join('\n') : ''}\n`
  }
  return files
}
