import { rmSync, writeFileSync } from 'node:fs'
import { expect, vi } from 'vitest'
import { type Claims, openSocket, openStream, post } from '../program.ts'

const FILE = Uint8Array.from({ length: 100_001 }, (_, i) => i % 251)

export const claims: Claims = {
  async 'first-app.ts'({ url }) {
    expect(await (await fetch(`${url}/hello/world`)).json()).toEqual({ hello: 'world' })
    const made = await post(`${url}/orders`, { item: 'tea', count: 2 })
    expect([made.status, await made.text()]).toEqual([201, '2 of tea\n'])
    const refused = await post(`${url}/orders`, { item: 'tea', count: 0 })
    expect(refused.status).toBe(422)
    expect(await refused.json()).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ in: 'body', path: ['count'], detail: 'Too small: expected number to be >0' }],
    })
  },

  async 'frames.ts'({ url }) {
    const started = performance.now()
    const { response, next, leave } = await openStream(`${url}/video`)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await next()).toBe('frame 0\n')
    expect(performance.now() - started).toBeLessThan(900)
    expect(await next()).toBe('frame 1\n')
    expect(performance.now() - started).toBeGreaterThan(900)
    await leave()
  },

  async 'large-file.ts'({ url }) {
    rmSync('large_file.zip', { force: true })
    expect((await fetch(`${url}/download`)).status).toBe(404)
    writeFileSync('large_file.zip', FILE)
    const response = await fetch(`${url}/download`)
    expect(response.headers.get('content-length')).toBe('100001')
    expect(response.headers.get('content-type')).toBe('application/zip')
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(FILE)
  },

  async 'async-chunks.ts'({ url }) {
    writeFileSync('large_file.zip', FILE)
    for (const chunk of ['', '?chunk=1', '?chunk=4194304']) {
      const response = await fetch(`${url}/async-download${chunk}`)
      expect(new Uint8Array(await response.arrayBuffer()), chunk).toEqual(FILE)
    }
    expect((await fetch(`${url}/async-download?chunk=0`)).status).toBe(422)
  },

  async 'background.ts'({ url, output }) {
    const body = await (await fetch(`${url}/data`)).text()
    expect(body.split('\n')).toHaveLength(11)
    await vi.waitFor(() => expect(output).toEqual(['10 items, complete']))
  },

  async 'client.ts'({ output }) {
    await vi.waitFor(() => expect(output).toEqual(['100', '101', '102']))
  },

  async 'chat.ts'({ url }) {
    const [ann, ben] = [await openSocket(`${url}/ws`), await openSocket(`${url}/ws`)]
    ann.send('hello')
    await vi.waitFor(() => expect([ann.heard, ben.heard]).toEqual([['Message: hello'], ['Message: hello']]))
    ann.close()
    ben.close()
  },
}
