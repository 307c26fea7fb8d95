/** Security schemes: who is let in, and what the others are told. */
import {
  anyOf,
  apiKey,
  basic,
  bearer,
  dependency,
  HttpError,
  jsonl,
  oauth2,
  sameSecret,
  text,
} from 'millrace'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Behaviour, behaviour, expectProblem } from './transport.ts'

const encode = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

const users = new Map([
  ['ada-token', { name: 'ada', scopes: ['read', 'write'] }],
  ['bob-token', { name: 'bob', scopes: ['read'] }],
])

export const securityBehaviours: Behaviour[] = [
  behaviour('basic: name and password in UTF-8, or a 401 with a challenge', async ({ create, open }) => {
    const app = create()
    const user = basic({ realm: 'the "tea" room' }, ({ username, password }) =>
      sameSecret(password, 'pässword:1') ? username : undefined,
    )
    app.get('/', { use: { user } }, ({ user: name }) => name)
    const link = await open(app)
    const get = (authorization?: string) =>
      link.request('GET', '/', authorization === undefined ? {} : { headers: { authorization } })
    expect(await (await get(encode('ada:pässword:1'))).text()).toBe('ada')
    expect(await (await get(encode(':pässword:1').replace('Basic', 'bAsIc  '))).text()).toBe('')
    for (const wrong of [
      undefined,
      encode('ada:wrong'),
      'Bearer x',
      encode('ada'),
      'Basic !',
      'Basic',
      encode('a:\u0000'),
    ]) {
      const reply = await get(wrong)
      await expectProblem(reply, 401, 'UNAUTHORIZED')
      expect(reply.headers['www-authenticate']).toBe('Basic realm="the \\"tea\\" room", charset="UTF-8"')
    }
  }),

  behaviour('bearer: RFC 6750 to the letter', async ({ create, open }) => {
    const app = create()
    const user = bearer({ realm: 'tea' }, async (token) => users.get(token))
    app.get('/', { use: { user } }, ({ user: { name } }) => name)
    const link = await open(app)
    const get = (headers: Record<string, string>) => link.request('GET', '/', { headers })
    expect(await (await get({ authorization: 'bearer ada-token' })).text()).toBe('ada')
    // No error code for who has sent nothing: that is no attempt.
    for (const headers of [{}, { authorization: 'Basic eDp5' }] as Record<string, string>[]) {
      const reply = await get(headers)
      await expectProblem(reply, 401, 'UNAUTHORIZED')
      expect(reply.headers['www-authenticate']).toBe('Bearer realm="tea"')
    }
    const wrong = await get({ authorization: 'Bearer eve-token' })
    await expectProblem(wrong, 401, 'UNAUTHORIZED')
    expect(wrong.headers['www-authenticate']).toBe('Bearer realm="tea", error="invalid_token"')
    for (const token of ['two words', 'ada-token, Bearer bob-token', 'ä']) {
      const malformed = await get({ authorization: `Bearer ${token}` })
      await expectProblem(malformed, 400, 'BAD_REQUEST')
      expect(malformed.headers['www-authenticate']).toBe('Bearer realm="tea", error="invalid_request"')
    }
    // A token in the address is not looked at.
    expect((await link.request('GET', '/?access_token=ada-token')).status).toBe(401)
  }),

  behaviour(
    'keys in a header, a cookie, the query; sent twice is not sent well',
    async ({ create, open }) => {
      const app = create()
      const check = (key: string) => (sameSecret(key, 'k-1') ? { key } : null)
      app.get(
        '/header',
        { use: { by: apiKey({ in: 'header', key: 'X-API-Key' }, check) } },
        ({ by }) => by.key,
      )
      app.get('/cookie', { use: { by: apiKey({ in: 'cookie', key: 'session' }, check) } }, ({ by }) => by.key)
      app.get('/query', { use: { by: apiKey({ in: 'query', key: 'key' }, check) } }, ({ by }) => by.key)
      const link = await open(app)
      const get = (path: string, headers: Record<string, string> = {}) =>
        link.request('GET', path, { headers })
      expect(await (await get('/header', { 'x-api-key': 'k-1' })).text()).toBe('k-1')
      expect(await (await get('/cookie', { cookie: 'a=b; session=k-1' })).text()).toBe('k-1')
      expect(await (await get('/query?key=k-1')).text()).toBe('k-1')
      for (const [path, headers] of [
        ['/header', { 'x-api-key': 'k-2' }],
        ['/header?X-API-Key=k-1', {}],
        ['/cookie', { cookie: 'session=' }],
        ['/query?key=k-1&key=k-1', {}],
        ['/query?key=', {}],
      ] as [string, Record<string, string>][]) {
        const reply = await get(path, headers)
        await expectProblem(reply, 401, 'UNAUTHORIZED')
        expect(reply.headers['www-authenticate']).toMatch(/^ApiKey in="(header|cookie|query)", name="/)
      }
    },
  ),

  behaviour('scopes: a 403 that names them', async ({ create, open }) => {
    const app = create()
    let verified = 0
    const user = oauth2({ flows: { password: { tokenUrl: '/token' } } }, (token) => {
      verified++
      return users.get(token)
    })
    app.get('/', { use: { user, writer: user.scoped('read', 'write') } }, (c) => c.user === c.writer)
    const link = await open(app)
    const get = (authorization?: string) =>
      link.request('GET', '/', authorization === undefined ? {} : { headers: { authorization } })
    expect(await (await get('Bearer ada-token')).json()).toBe(true)
    expect(verified).toBe(1)
    const bob = await get('Bearer bob-token')
    await expectProblem(bob, 403, 'FORBIDDEN')
    expect(bob.headers['www-authenticate']).toBe('Bearer error="insufficient_scope", scope="read write"')
    expect((await get()).status).toBe(401)
  }),

  behaviour('optional: without credentials undefined, with wrong ones a 401', async ({ create, open }) => {
    const app = create()
    const user = bearer((token) => users.get(token))
    app.get('/', { use: { user: user.optional() } }, ({ user: found }) => found?.name ?? 'nobody')
    app.get(
      '/read',
      { use: { user: user.scoped('write').optional() } },
      ({ user: found }) => found?.name ?? 'nobody',
    )
    const link = await open(app)
    const get = (path: string, token?: string) =>
      link.request('GET', path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
    expect(await (await get('/')).text()).toBe('nobody')
    expect(await (await get('/', 'bob-token')).text()).toBe('bob')
    expect((await get('/', 'eve-token')).status).toBe(401)
    expect(await (await get('/read')).text()).toBe('nobody')
    expect((await get('/read', 'bob-token')).status).toBe(403)
  }),

  behaviour('one of several: the first whose credentials are there decides', async ({ create, open }) => {
    const app = create()
    const caller = anyOf(
      bearer((token) => users.get(token)),
      apiKey({ in: 'header', key: 'x-api-key' }, (key) => (key === 'k-1' ? { name: 'machine' } : undefined)),
    )
    app.get('/', { use: { caller } }, (c) => c.caller.name)
    const link = await open(app)
    const get = (headers: Record<string, string>) => link.request('GET', '/', { headers })
    expect(await (await get({ authorization: 'Bearer ada-token' })).text()).toBe('ada')
    expect(await (await get({ 'x-api-key': 'k-1' })).text()).toBe('machine')
    expect((await get({ authorization: 'Bearer eve-token', 'x-api-key': 'k-1' })).status).toBe(401)
    const nobody = await get({})
    await expectProblem(nobody, 401, 'UNAUTHORIZED')
    expect(nobody.headers['www-authenticate']).toBe('Bearer, ApiKey in="header", name="x-api-key"')
  }),

  behaviour(
    'refuses before inputs are validated, a body is read or a stream begins',
    async ({ create, open }) => {
      const app = create()
      const user = bearer((token) => users.get(token))
      app.post('/', { use: { user }, body: z.object({ a: z.string() }) }, () => 'never')
      app.post('/rows', { use: { user }, body: jsonl() }, () => 'never')
      let begun = false
      app.get('/stream', { use: { user }, streams: text }, function* () {
        begun = true
        yield 'never'
      })
      const link = await open(app)
      const headers = { 'content-type': 'application/json' }
      expect((await link.request('POST', '/', { headers, body: 'not json' })).status).toBe(401)
      expect((await link.request('POST', '/rows', { headers, body: '{}' })).status).toBe(401)
      expect((await link.request('GET', '/stream')).status).toBe(401)
      expect(begun).toBe(false)
    },
  ),

  behaviour(
    'what verifies may have dependencies, throw its own error, and be replaced',
    async ({ create, open }) => {
      const app = create()
      const store = dependency(() => users)
      const user = bearer({ use: { store } }, (token, { store: known, path }) => {
        if (path === '/gone') throw new HttpError(410)
        return known.get(token)
      })
      app.get('/me', { use: { user } }, (c) => c.user.name)
      app.get('/write', { use: { user: user.scoped('write') } }, (c) => c.user.name)
      app.get('/gone', { use: { user } }, () => 'never')
      const link = await open(app)
      const headers = { authorization: 'Bearer ada-token' }
      expect(await (await link.request('GET', '/me', { headers })).text()).toBe('ada')
      expect((await link.request('GET', '/gone', { headers })).status).toBe(410)
      const restore = app.override(
        user,
        dependency(() => ({ name: 'eve', scopes: ['write'] })),
      )
      expect(await (await link.request('GET', '/me')).text()).toBe('eve')
      expect(await (await link.request('GET', '/write')).text()).toBe('eve')
      restore()
      expect((await link.request('GET', '/me')).status).toBe(401)
    },
  ),

  behaviour('a function that fails is a 500, and says nothing', async ({ create, open, log }) => {
    const app = create()
    const broken = bearer(() => {
      throw new Error('connection to 10.0.0.7 refused')
    })
    const unscoped = bearer(() => ({ name: 'ada' }) as { name: string; scopes: string[] })
    app.get('/broken', { use: { broken } }, () => 'never')
    app.get('/unscoped', { use: { user: unscoped.scoped('read') } }, () => 'never')
    const link = await open(app)
    const headers = { authorization: 'Bearer x' }
    for (const path of ['/broken', '/unscoped']) {
      const reply = await link.request('GET', path, { headers })
      expect(reply.status).toBe(500)
      expect(await reply.text()).not.toMatch(/10\.0\.0\.7|scopes/)
    }
    expect(log.filter(({ level }) => level === 'error')).toHaveLength(2)
  }),
]
