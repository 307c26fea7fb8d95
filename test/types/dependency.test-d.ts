/** Dependencies: their values, what they see, and where they are provided. */
import { App, type Context, type Dependency, dependency, type Logger, Router } from 'millrace'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import { app, db, type Db, Page, type PageOutput } from './app.ts'

// The value, by the function.
const plain = dependency(() => 5)
const asynchronous = dependency(async () => ({ name: 'Ada' }))
const generator = dependency(function* () {
  yield 'value' as const
})
const asyncGenerator = dependency(async function* () {
  try {
    yield new Map<string, number>()
  } finally {
    // Released.
  }
})
expectTypeOf(plain).toEqualTypeOf<Dependency<number>>()
expectTypeOf(asynchronous).toEqualTypeOf<Dependency<{ name: string }>>()
expectTypeOf(generator).toEqualTypeOf<Dependency<'value'>>()
expectTypeOf(asyncGenerator).toEqualTypeOf<Dependency<Map<string, number>>>()
expectTypeOf(db).toEqualTypeOf<Dependency<Db>>()

// What it sees: the context, its own inputs, and dependencies of its own.
dependency((ctx) => expectTypeOf(ctx).toEqualTypeOf<Context>())
const user = dependency(
  { use: { db }, query: Page, headers: z.object({ authorization: z.string() }) },
  async ({ db, headers, query, params, signal }) => {
    expectTypeOf(db).toEqualTypeOf<Db>()
    expectTypeOf(headers).toEqualTypeOf<{ authorization: string }>()
    expectTypeOf(query).toEqualTypeOf<PageOutput>()
    expectTypeOf(params).toEqualTypeOf<Readonly<Record<string, string>>>()
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
    return { name: headers.authorization }
  },
)
expectTypeOf(user).toEqualTypeOf<Dependency<{ name: string }>>()

// Of scope app there is no request.
const pool = dependency({ scope: 'app' }, ({ log }) => expectTypeOf(log).toEqualTypeOf<Logger>())
// @ts-expect-error there is no request
dependency({ scope: 'app' }, ({ query }) => query)
dependency({ scope: 'app', use: { pool } }, ({ pool }) => pool)

// In a route.
app.get('/', { use: { db, user } }, ({ db, user }) => {
  expectTypeOf(db).toEqualTypeOf<Db>()
  expectTypeOf(user).toEqualTypeOf<{ name: string }>()
})
app.get('/', { use: { renamed: user } }, ({ renamed }) => {
  expectTypeOf(renamed).toEqualTypeOf<{ name: string }>()
})
app.websocket('/', { use: { db } }, async ({ db }) => expectTypeOf(db).toEqualTypeOf<Db>())

// On routers and apps, beside what the route uses.
const guarded = new Router({ prefix: '/guarded', use: { user } })
guarded.get('/', ({ user }) => expectTypeOf(user).toEqualTypeOf<{ name: string }>())
guarded.get('/:id', { use: { db }, query: Page }, ({ user, db, params, query }) => {
  expectTypeOf(user).toEqualTypeOf<{ name: string }>()
  expectTypeOf(db).toEqualTypeOf<Db>()
  expectTypeOf(params).toEqualTypeOf<{ readonly id: string }>()
  expectTypeOf(query).toEqualTypeOf<PageOutput>()
})
guarded.websocket('/ws', {}, async ({ user }) => expectTypeOf(user).toEqualTypeOf<{ name: string }>())
const wired = new App({ use: { db } })
wired.get('/', ({ db }) => expectTypeOf(db).toEqualTypeOf<Db>())
wired.include(guarded)

// Overrides give the same, or more.
app.override(
  db,
  dependency(() => ({ find: async (id: string) => ({ id, kind: 'book' as const }), more: true })),
)
// @ts-expect-error a number is no database
app.override(db, plain)

// @ts-expect-error the method does not exist
app.get('/', { use: { db } }, ({ db }) => db.get('1'))
// @ts-expect-error it is not used by this route
app.get('/', { use: { db } }, ({ user }) => user)
// @ts-expect-error a function is no dependency
app.get('/', { use: { db: () => 5 } }, () => 1)
// @ts-expect-error a name of the context
app.get('/', { use: { query: db } }, () => 1)
// @ts-expect-error a name of the context
dependency({ use: { log: db } }, () => 1)
// @ts-expect-error a name of the context
void new Router({ use: { signal: db } })
// @ts-expect-error a name of the context
void new App({ use: { body: db } })
// @ts-expect-error a name of the context
app.websocket('/', { use: { head: db } }, async () => {})
// @ts-expect-error misspelt
dependency({ scop: 'app' }, () => 1)
// @ts-expect-error misspelt, beside a right one
dependency({ use: { db }, scop: 'app' }, () => 1)
// @ts-expect-error there is no such scope
dependency({ scope: 'session' }, () => 1)
