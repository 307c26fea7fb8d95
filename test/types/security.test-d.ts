/** What handlers know of who is asking. */
import { anyOf, apiKey, App, basic, bearer, dependency, oauth2, type Security } from 'millrace'
import { expectTypeOf } from 'vitest'

interface User {
  readonly name: string
  readonly scopes: readonly string[]
}
declare function find(token: string): User | undefined
declare function findLater(token: string): Promise<User | null>

const user = bearer(find)
const later = oauth2({ flows: {} }, findLater)
const machine = apiKey({ in: 'header', key: 'x' }, (key) => key.length > 3 && { key })
const person = basic(({ username, password }) => (password === '' ? undefined : { username }))
const store = dependency(() => new Map<string, User>())
const stored = bearer({ use: { store }, realm: 'tea' }, (token, { store: map, path }) => {
  expectTypeOf(map).toEqualTypeOf<Map<string, User>>()
  expectTypeOf(path).toEqualTypeOf<string>()
  return map.get(token)
})

expectTypeOf(user).toEqualTypeOf<Security<User>>()
expectTypeOf(later).toEqualTypeOf<Security<User>>()
expectTypeOf(stored).toEqualTypeOf<Security<User>>()
expectTypeOf(user.optional()).toEqualTypeOf<Security<User | undefined>>()
expectTypeOf(user.scoped('a')).toEqualTypeOf<Security<User>>()

const app = new App()
app.get('/', { use: { user, who: anyOf(machine, person), maybe: later.optional() } }, (context) => {
  expectTypeOf(context.user).toEqualTypeOf<User>()
  expectTypeOf(context.who).toEqualTypeOf<{ key: string } | { username: string }>()
  expectTypeOf(context.maybe).toEqualTypeOf<User | undefined>()
  return 'x'
})
app.websocket('/ws', { use: { user } }, ({ user: asking }) => {
  expectTypeOf(asking).toEqualTypeOf<User>()
})

// @ts-expect-error its value has no scopes
machine.scoped('a')
// @ts-expect-error a scope has to be named
user.scoped()
// @ts-expect-error a header, a cookie or the query
apiKey({ in: 'body', key: 'x' }, () => 1)
// @ts-expect-error a flow needs its addresses
oauth2({ flows: { password: {} } }, () => 1)
