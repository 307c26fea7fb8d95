import { expect, vi } from 'vitest'
import type { Claims } from '../program.ts'

export const claims: Claims = {
  async 'database.ts'({ url, output }) {
    expect(await (await fetch(`${url}/items/1`)).json()).toEqual({ id: '1', name: 'tea' })
    await vi.waitFor(() => expect(output).toEqual(['released']))
    expect((await fetch(`${url}/items/2`)).status).toBe(404)
    await vi.waitFor(() => expect(output).toEqual(['released', 'released']))
  },

  async 'guard.ts'({ url }) {
    const headers = { 'x-token': 'secret' }
    expect(await (await fetch(`${url}/me`, { headers })).text()).toBe('ada')
    const everything = await fetch(`${url}/everything`, { method: 'DELETE', headers })
    expect(await everything.text()).toBe('deleted by ada')
    expect((await fetch(`${url}/me`, { headers: { 'x-token': 'wrong' } })).status).toBe(401)
    const missing = await fetch(`${url}/me`)
    expect(missing.status).toBe(422)
    expect(await missing.json()).toMatchObject({ errors: [{ in: 'headers', path: ['x-token'] }] })
  },

  async 'scopes.ts'({ url, output, app }) {
    const request = ['session opened', 'handler done', 'lock released', 'session closed', 'after']
    await (await fetch(`${url}/lines`)).text()
    await vi.waitFor(() => expect(output).toEqual(['pool opened', ...request]))
    await (await fetch(`${url}/lines`)).text()
    await vi.waitFor(() => expect(output).toEqual(['pool opened', ...request, ...request]))
    await app.close()
    expect(output.at(-1)).toBe('pool closed')
  },

  async 'transaction.ts'({ url, output }) {
    expect((await fetch(`${url}/orders`, { method: 'POST' })).status).toBe(201)
    await vi.waitFor(() => expect(output).toEqual(['commit order 1']))
    expect((await fetch(`${url}/refused`, { method: 'POST' })).status).toBe(409)
    await vi.waitFor(() => expect(output[1]).toBe('rollback order 2: HttpError: Sold out.'))
  },
}
