import { expect } from 'vitest'
import type { Claims } from '../program.ts'

export const claims: Claims = {
  async 'http-error.ts'({ url }) {
    const byStatus = await fetch(`${url}/by-status`)
    expect(byStatus.status).toBe(403)
    expect(await byStatus.json()).toMatchObject({
      code: 'FORBIDDEN',
      detail: 'Only the owner may read this.',
    })
    const byCode = await fetch(`${url}/by-code`)
    expect([byCode.status, byCode.headers.get('retry-after')]).toEqual([429, '30'])
    const own = await fetch(`${url}/your-own`)
    expect(own.headers.get('content-type')).toBe('application/problem+json')
    expect(await own.json()).toEqual({
      balance: -3,
      type: 'about:blank',
      title: 'Error 402',
      status: 402,
      code: 'CREDIT_USED_UP',
      detail: 'Your credit is used up. Add some at /billing.',
    })
  },
}
