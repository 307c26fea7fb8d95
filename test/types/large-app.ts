/**
 * Large apps, written by a program: 500 routes in 20 routers, as source text. What they cost the
 * compiler is what our types cost a user who has written as much.
 */

const FILES = 20
export const ROUTES = 500

export type Sources = Record<string, string>

/** The schemas of route (or resource) number `n`, a few fields each. Names differ, so that nothing is shared. */
const SCHEMAS = {
  params: () => `z.object({ id: z.uuid() })`,
  query: (n: number) =>
    `z.object({ limit: z.coerce.number().int().default(20), since: z.coerce.date().optional(), search${n}: z.string().optional() })`,
  item: (n: number) =>
    `z.object({ id: z.string(), name${n}: z.string(), price: z.number(), tags: z.array(z.string()), status: z.enum(['open', 'closed']) })`,
  body: (n: number) =>
    `z.object({ name${n}: z.string().min(1), price: z.number().positive(), tags: z.array(z.string()).default([]) })`,
}
type SchemaName = keyof typeof SCHEMAS

/** One kind of route: its code with Millrace, and the same handler with its types written by hand. */
interface Kind {
  readonly schemas: readonly SchemaName[]
  route(n: number): string
  byHand(n: number): string
}

const read: Kind = {
  schemas: ['params', 'query', 'item'],
  route: (
    n,
  ) => `r.get('/r${n}/:id', { params: ${SCHEMAS.params()}, query: ${SCHEMAS.query(n)}, returns: ${SCHEMAS.item(n)} },
  ({ params, query }) => ({ id: params.id, name${n}: query.search${n} ?? 'a', price: query.limit, tags: [], status: 'open' }))`,
  byHand: (
    n,
  ) => `({ params, query }: { params: z.output<typeof params${n}>; query: z.output<typeof query${n}> }): z.input<typeof item${n}> =>
  ({ id: params.id, name${n}: query.search${n} ?? 'a', price: query.limit, tags: [], status: 'open' })`,
}

const create: Kind = {
  schemas: ['body', 'item'],
  route: (
    n,
  ) => `r.post('/r${n}', { body: ${SCHEMAS.body(n)}, returns: ${SCHEMAS.item(n)}, status: 201 }, async ({ body, head }) => {
  head.set('location', '/r${n}/1')
  return { id: '1', status: 'open', ...body }
})`,
  byHand: (
    n,
  ) => `async ({ body }: { body: z.output<typeof body${n}> }): Promise<z.input<typeof item${n}>> => {
  return { id: '1', status: 'open', ...body }
}`,
}

const watch: Kind = {
  schemas: ['query', 'item'],
  route: (
    n,
  ) => `r.get('/r${n}/:id/events', { query: ${SCHEMAS.query(n)}, streams: [jsonl(Shared), sse(${SCHEMAS.item(n)})] }, async function* ({ params, query, sleep }) {
  for (let i = 0; i < query.limit; i++) { yield { id: params.id, name${n}: 'a', price: i, tags: [], status: 'open' }; await sleep(1000) }
})`,
  byHand: (
    n,
  ) => `async function* ({ params, query, sleep }: { params: { id: string }; query: z.output<typeof query${n}>; sleep(ms: number): Promise<void> }): AsyncGenerator<z.input<typeof item${n}>> {
  for (let i = 0; i < query.limit; i++) { yield { id: params.id, name${n}: 'a', price: i, tags: [], status: 'open' }; await sleep(1000) }
}`,
}

const guarded: Kind = {
  schemas: ['params', 'item'],
  route: (
    n,
  ) => `r.get('/r${n}/:id', { params: ${SCHEMAS.params()}, use: { db, user }, returns: ${SCHEMAS.item(n)} }, async ({ params, db, user }) => {
  const row = await db.find(params.id)
  return { id: row.id, name${n}: user.name, price: 1, tags: [], status: 'closed' }
})`,
  byHand: (
    n,
  ) => `async ({ params, db, user }: { params: z.output<typeof params${n}>; db: { find(id: string): Promise<{ id: string }> }; user: { name: string } }): Promise<z.input<typeof item${n}>> => {
  const row = await db.find(params.id)
  return { id: row.id, name${n}: user.name, price: 1, tags: [], status: 'closed' }
}`,
}

const lines: Kind = {
  schemas: ['query'],
  route: (
    n,
  ) => `r.get('/r${n}/text', { query: ${SCHEMAS.query(n)}, streams: text }, async function* ({ query, sleep }) {
  for (let i = 0; i < query.limit; i++) { yield \`line \${i}\\n\`; await sleep(10) }
})`,
  byHand: (
    n,
  ) => `async function* ({ query, sleep }: { query: z.output<typeof query${n}>; sleep(ms: number): Promise<void> }): AsyncGenerator<string> {
  for (let i = 0; i < query.limit; i++) { yield \`line \${i}\\n\`; await sleep(10) }
}`,
}

const undeclared: Kind = {
  schemas: [],
  route: (n) => `r.get('/r${n}/:id/:part', ({ params }) => ({ n: ${n}, id: params.id, part: params.part }))`,
  byHand: (n) =>
    `({ params }: { params: { id: string; part: string } }) => ({ n: ${n}, id: params.id, part: params.part })`,
}

/** Of ten routes: what an API of resources, with streams, has. */
const MIX: readonly Kind[] = [read, read, read, create, create, watch, watch, guarded, lines, undeclared]

const HEADER = `import { dependency, jsonl, Router, sse, text } from 'millrace'
import { z } from 'zod'
import { db, Shared, user } from './dependency.ts'
void [dependency, jsonl, sse, text, z, db, Shared, user]
`

const DEPENDENCY = `import { dependency } from 'millrace'
import { z } from 'zod'
export const Shared = z.object({ id: z.string(), price: z.number() })
export const db = dependency(async function* () {
  try { yield { find: async (id: string) => ({ id, name: 'a' }) } } finally { /* released */ }
})
export const user = dependency({ use: { db } }, async ({ db, headers }) => ({ name: (await db.find(String(headers['x-user']))).name }))
`

/** Splits numbered pieces of code over the files, each with a router of its own where one is wanted. */
function files(count: number, piece: (n: number) => string, header: (file: number) => string): Sources {
  const perFile = Math.ceil(count / FILES)
  return Object.fromEntries(
    Array.from({ length: FILES }, (_, file) => {
      const pieces = Array.from({ length: perFile }, (__, i) => piece(file * perFile + i))
      return [`part${file}.ts`, header(file) + pieces.join('\n')]
    }),
  )
}

function app(parts: Sources): Sources {
  const names = Object.keys(parts).map((file) => file.replace('.ts', ''))
  const imports = names.map((name) => `import { r as ${name} } from './${name}.ts'`).join('\n')
  const includes = names.map((name) => `app.include(${name})`).join('\n')
  const text = `import { App } from 'millrace'\n${imports}\nexport const app = new App({ title: 'Large' })\n${includes}\n`
  return { ...parts, 'dependency.ts': DEPENDENCY, 'app.ts': text }
}

const router = (file: number) =>
  `${HEADER}export const r = new Router({ prefix: '/p${file}', tags: ['t'] })\n`
const kindOf = (n: number) => MIX[n % MIX.length]!

/** The worst case: every route has schemas of its own, written in place. */
export const inlineApp = (): Sources =>
  app(files(ROUTES, (n) => `export const route${n} = ${kindOf(n).route(n)}`, router))

const schemasOf = (n: number) =>
  kindOf(n).schemas.map((name) => `export const ${name}${n} = ${SCHEMAS[name](n)}`)

/** The same schemas alone. */
export const inlineSchemas = (): Sources =>
  files(
    ROUTES,
    (n) => schemasOf(n).join('\n'),
    () => `import { z } from 'zod'\nexport const used = z\n`,
  )

/** The same schemas and handlers without Millrace: their types are written out with `z.input` and `z.output`. */
export const inlineByHand = (): Sources =>
  files(
    ROUTES,
    (n) => [...schemasOf(n), `export const handler${n} = ${kindOf(n).byHand(n)}`].join('\n'),
    () => `import { z } from 'zod'\nexport const used = z\n`,
  )

/** What apps look like: resources with five routes each, which share the schemas of their resource. */
export const resourceApp = (): Sources => ({
  ...app(
    files(
      ROUTES / 5,
      (n) => `const Item${n} = ${SCHEMAS.item(n)}
const New${n} = ${SCHEMAS.body(n)}
export const list${n} = r.get('/r${n}', { query: Page, returns: z.array(Item${n}) }, ({ query }) => [{ id: '1', name${n}: 'a', price: query.limit, tags: [], status: 'open' }])
export const read${n} = r.get('/r${n}/:id', { params: ById, returns: Item${n} }, ({ params }) => ({ id: params.id, name${n}: 'a', price: 1, tags: [], status: 'open' }))
export const create${n} = r.post('/r${n}', { body: New${n}, returns: Item${n}, status: 201, use: { db } }, async ({ body, db }) => ({ id: (await db.find('1')).id, status: 'open', ...body }))
export const watch${n} = r.get('/r${n}/:id/events', { params: ById, streams: [jsonl(Item${n}), sse(Item${n})] }, async function* ({ params, sleep }) {
  for (let i = 0; i < 10; i++) { yield { id: params.id, name${n}: 'a', price: i, tags: [], status: 'open' }; await sleep(1000) }
})
export const remove${n} = r.delete('/r${n}/:id', { use: { user } }, async ({ params, user, log }) => { log.info({ user: user.name, id: params.id }, 'removed') })`,
      (file) => `${router(file)}import { ById, Page } from './shared.ts'\n`,
    ),
  ),
  'shared.ts': `import { z } from 'zod'\nexport const ById = ${SCHEMAS.params()}\nexport const Page = ${SCHEMAS.query(0)}\n`,
})

/**
 * The resources once more, and a client of them, in as many files.
 *
 * @param every it calls the routes of every resource, or of each fifth.
 */
export function clientApp(every: 1 | 5): Sources {
  const parts = resourceApp()
  const modules = Object.keys(parts).filter((file) => file.startsWith('part'))
  const client = `import { createClient } from 'millrace/client'
export const api = createClient<[
${modules.map((file) => `  typeof import('./${file}'),`).join('\n')}
]>('http://localhost')
`
  const calls = files(
    ROUTES / 5,
    (n) => {
      if (n % every !== 0) return ''
      const path = `/p${Math.floor(n / (ROUTES / 5 / FILES))}/r${n}`
      return `export async function use${n}() {
  const [first] = await api.get('${path}', { query: { limit: 5 } })
  const item = await api.get('${path}/:id', { params: { id: first!.id } })
  const made = await api.post('${path}', { body: { name${n}: item.name${n}, price: 1 } })
  for await (const row of api.get('${path}/:id/events', { params: { id: made.id } })) if (row.price > 5) break
  await api.delete('${path}/:id', { params: { id: made.id } })
}`
    },
    () => `import { api } from './client.ts'\n`,
  )
  return {
    ...parts,
    ...Object.fromEntries(Object.entries(calls).map(([file, text]) => [`call-${file}`, text])),
    'client.ts': client,
  }
}

/**
 * The client of `clientApp` beside a server that was built: its types come out of declarations, in `built`.
 * What `bare` takes is the list of paths of GET, worked out as directly as can be.
 */
export function builtClient(server: Sources): Sources {
  const modules = Object.keys(server).filter((file) => file.startsWith('part'))
  const imports = modules
    .map((file) => `  typeof import('../built/${file.replace('.ts', '.js')}'),`)
    .join('\n')
  return {
    'client.ts': `import { createClient } from 'millrace/client'
type Modules = [
${imports}
]
export const api = createClient<Modules>('http://localhost')
type Paths<R> = R extends { readonly method: 'GET'; readonly path: infer P } ? P : never
type Exported<M> = M extends unknown ? M[keyof M] : never
export declare function bare(path: Paths<Exported<Modules[number]>>): void
`,
    'call.ts': `import { api, bare } from './client.ts'\nvoid [api, bare]\n`,
  }
}

/** Nothing but paths. */
export const pathApp = (): Sources =>
  app(files(ROUTES, (n) => `export const route${n} = ${undeclared.route(n)}`, router))

/** Not how to do it: the context is expanded in depth for every route, which looks harmless in a type. */
export const expensiveApp = (): Sources =>
  app(
    files(
      ROUTES,
      (n) =>
        `export const route${n} = expanded('/r${n}/:id', ${SCHEMAS.query(n)}, ({ params, query }) => [params.id, query.search${n}])`,
      (file) => `${router(file)}import type { Context, Schema } from 'millrace'
type Expand<T> = T extends (...args: never) => unknown ? T : T extends object ? { [K in keyof T]: Expand<T[K]> } : T
declare function expanded<P extends string, S extends Schema, R>(path: P, query: S, handler: (context: Expand<Context<P, { query: z.output<S> }>>) => R): Expand<[Context<P, { query: z.output<S> }>, R]>
`,
    ),
  )
