import { expect, vi } from 'vitest'
import type { Claims } from '../program.ts'

export const claims: Claims = {
  /** What it does is shown in test/shutdown/rolling.test.ts, in processes of its own. */
  'primary.ts'({ exports }) {
    expect(exports['supervise']).toHaveLength(2)
  },

  async 'proxy.ts'({ url }) {
    const headers = {
      'x-forwarded-for': 'forged, 203.0.113.7',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'example.com',
    }
    const told = { address: '203.0.113.7', secure: true, host: 'example.com' }
    expect(await (await fetch(`${url}/whoami`, { headers })).json()).toEqual(told)
  },

  async 'cors.ts'({ url }) {
    const ask = async (path: string, init: RequestInit & { headers: Record<string, string> }) => {
      const { status, headers } = await fetch(url + path, init)
      const named = (name: string) => headers.get(name)
      const [origin, exposed] = ['allow-origin', 'expose-headers'].map((n) => named(`access-control-${n}`))
      return { status, origin, exposed, vary: named('vary'), allowed: named('access-control-allow-headers') }
    }
    const origin = 'https://shop.example'
    const exposed = 'Preference-Applied, Retry-After'
    const asked = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'prefer' }
    for (const path of ['/items', '/none']) {
      expect(await ask(path, { method: 'OPTIONS', headers: { origin, ...asked } })).toMatchObject({
        status: 204,
        origin,
        allowed: 'Authorization, Content-Type, Prefer, Last-Event-ID',
      })
    }
    expect(await ask('/items', { headers: { origin } })).toMatchObject({
      status: 200,
      origin,
      exposed,
      vary: 'Origin',
    })
    const missing = { status: 404, origin, exposed, vary: 'Origin' }
    expect(await ask('/none', { headers: { origin } })).toMatchObject(missing)
    const foreign = { origin: 'https://elsewhere.example', ...asked }
    const refused = { status: 204, origin: null, allowed: null, vary: 'Origin' }
    expect(await ask('/items', { method: 'OPTIONS', headers: foreign })).toMatchObject(refused)
    expect(await ask('/items', { headers: {} })).toMatchObject({ status: 200, origin: null, vary: 'Origin' })
  },

  async 'limits.ts'({ url, log }) {
    const replies = await Promise.all(Array.from({ length: 5 }, () => fetch(`${url}/slow`)))
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 503, 503, 503])
    const refused = replies.find(({ status }) => status === 503)
    expect(refused?.headers.get('retry-after')).toBe('1')
    await vi.waitFor(() => expect(log.join()).toContain('The server is full'))
    const large = { method: 'POST', body: 'x'.repeat(65 * 1024) }
    expect((await fetch(`${url}/slow`, large)).status).toBe(405)
  },
}
