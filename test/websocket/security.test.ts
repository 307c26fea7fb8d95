/** Security schemes stand in front of WebSockets as they do in front of routes. */
import { anyOf, apiKey, basic, bearer } from 'millrace'
import { describe, expect, it } from 'vitest'
import { connect, refused, serve } from './scene.ts'

const user = bearer((token) => (token === 'ada-token' ? { name: 'ada', scopes: ['chat'] } : undefined))
const session = apiKey({ in: 'cookie', key: 'session' }, (key) =>
  key === 's-1' ? { name: 'bob' } : undefined,
)
const key = apiKey({ in: 'query', key: 'key' }, (value) => (value === 'k-1' ? { name: 'eve' } : undefined))
const password = basic(({ username, password: given }) => (given === 'tea' ? { name: username } : undefined))

describe('a guarded WebSocket', () => {
  const start = () =>
    serve((app) => {
      app.websocket('/token', { use: { user: user.scoped('chat') } }, (c) => c.socket.send(c.user.name))
      app.websocket('/write', { use: { user: user.scoped('write') } }, (c) => c.socket.send(c.user.name))
      app.websocket('/any', { use: { user: anyOf(session, key, password) } }, (c) =>
        c.socket.send(c.user.name),
      )
      app.websocket('/open', { use: { user: user.optional() } }, (c) =>
        c.socket.send(c.user?.name ?? 'nobody'),
      )
    })

  it('opens for whom it knows', async () => {
    const server = await start()
    const basicHeader = `Basic ${Buffer.from('cat:tea').toString('base64')}`
    for (const [path, headers, name] of [
      ['/token', { authorization: 'Bearer ada-token' }, 'ada'],
      ['/any', { cookie: 'session=s-1' }, 'bob'],
      ['/any?key=k-1', {}, 'eve'],
      ['/any', { authorization: basicHeader }, 'cat'],
      ['/open', {}, 'nobody'],
      ['/open', { authorization: 'Bearer ada-token' }, 'ada'],
    ] as [string, Record<string, string>, string][]) {
      const peer = await connect(server, path, { headers })
      expect(await peer.next(), path).toBe(name)
    }
  })

  it('refuses the handshake of others, with the challenge', async () => {
    const server = await start()
    const missing = await refused(server, '/token')
    expect([missing.status, missing.headers['www-authenticate']]).toEqual([401, 'Bearer'])
    const wrong = await refused(server, '/token', { headers: { authorization: 'Bearer eve-token' } })
    expect([wrong.status, wrong.headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"'])
    const scope = await refused(server, '/write', { headers: { authorization: 'Bearer ada-token' } })
    expect(scope.status).toBe(403)
    expect(scope.headers['www-authenticate']).toBe('Bearer error="insufficient_scope", scope="write"')
    const any = await refused(server, '/any', { headers: { cookie: 'session=s-2' } })
    expect(any.status).toBe(401)
    expect(JSON.parse(any.text)).toMatchObject({ code: 'UNAUTHORIZED' })
  })
})
