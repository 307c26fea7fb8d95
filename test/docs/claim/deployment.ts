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
