import { once } from 'node:events'
import { connect } from 'node:http2'
import { gunzipSync } from 'node:zlib'
import { expect, vi } from 'vitest'
import type { Claims } from '../program.ts'

export const claims: Claims = {
  async 'shutdown.ts'({ url, app, output }) {
    expect(await (await fetch(url)).text()).toBe('hello')
    expect(await (await fetch(`${url}/ready`)).json()).toEqual({ ready: true })
    expect(output).toEqual(['starting'])
    // The handlers are there, and go with the app; calling one would end the tests.
    const installed = process.listenerCount('SIGTERM')
    await app.close()
    expect(process.listenerCount('SIGTERM')).toBe(installed - 1)
    expect(output).toEqual(['starting', 'stopping'])
    expect(app.ready).toBe(false)
    await expect(fetch(url)).rejects.toThrow()
  },

  async 'http2.ts'({ url }) {
    const session = connect(url)
    const stream = session.request({ ':path': '/rows', 'accept-encoding': 'gzip' })
    const [head] = (await once(stream, 'response')) as [Record<string, string>]
    expect([head[':status'], head['content-encoding']]).toEqual([200, 'gzip'])
    const pieces: Buffer[] = []
    for await (const piece of stream) pieces.push(piece as Buffer)
    expect(gunzipSync(Buffer.concat(pieces)).toString().split('\n')).toHaveLength(1001)
    session.close()
  },

  async 'options.ts'({ url, app, output }) {
    expect(await (await fetch(`${url}/orders/7`)).json()).toEqual({ id: '7' })
    await vi.waitFor(() => expect(output).toEqual(['GET /orders/:id 200 10 complete']))
    const large = { method: 'POST', body: 'x'.repeat(65 * 1024) }
    expect((await fetch(`${url}/orders/7`, large)).status).toBe(405)
    expect([app.title, app.version]).toEqual(['Orders', '1.0.0'])
  },

  async 'fetch.ts'({ exports }) {
    const { fetch: answer } = exports['default'] as { fetch(request: Request): Promise<Response> }
    expect(await (await answer(new Request('http://localhost/hello'))).text()).toBe('hello')
    expect((await answer(new Request('http://localhost/none'))).status).toBe(404)
  },
}
