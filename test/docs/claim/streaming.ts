import { expect, vi } from 'vitest'
import { type Claims, openStream } from '../program.ts'

export const claims: Claims = {
  'ending.ts'({ output }) {
    expect(output).toEqual(['3 rows', 'cut'])
  },

  async 'reason.ts'({ url, app, output }) {
    const left = await openStream(`${url}/import`)
    await left.next()
    await left.next()
    await left.leave()
    await vi.waitFor(() => expect(output).toEqual(['stopped by disconnect', 'saved true']))

    const open = await openStream(`${url}/import`)
    await open.next()
    await open.next()
    const rest = expect(
      (async () => {
        while ((await open.next()) !== undefined);
      })(),
    ).rejects.toThrow()
    await app.close({ grace: 0 })
    await rest
    expect(output.slice(2)).toEqual(['stopped by shutdown', 'saved true'])
  },

  async 'lifetime.ts'({ url, output }) {
    const whole = await (await fetch(`${url}/rows`)).text()
    expect(whole.split('\n')).toHaveLength(4)
    await vi.waitFor(() => expect(output.at(-1)).toMatch('after'))
    expect(output).toEqual(['head decided', 'last row', 'connection released', 'after: 3 items, complete'])
  },
}
