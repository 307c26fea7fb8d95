import { createHash } from 'node:crypto'
import { createServer, get, type IncomingMessage } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { type EventEmitter, once } from 'node:events'
import { connect } from 'millrace/testing'
import { expect, vi } from 'vitest'
import { type Claims, openStream } from '../program.ts'

/** What a server sends over one connection, to the byte. */
async function rawReply(url: string, path: string, headers = ''): Promise<string> {
  const { port, hostname } = new URL(url)
  const socket = connectTcp(Number(port), hostname)
  socket.write(`GET ${path} HTTP/1.1\r\nhost: docs\r\n${headers}\r\n`)
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => (received += text))
  await once(socket, 'close')
  return received
}

export const claims: Claims = {
  async 'generator.ts'({ url, output }) {
    const whole = await openStream(`${url}/countdown`)
    expect(await whole.next()).toBe('3\n')
    expect(output).toEqual([])
    expect(await whole.next()).toBe('2\n')
    expect(await whole.next()).toBe('1\n')
    expect(await whole.next()).toBe('lift-off\n')
    expect(await whole.next()).toBeUndefined()
    expect(output).toEqual(['done'])

    const left = await openStream(`${url}/countdown`)
    await left.next()
    await left.leave()
    const leftAt = performance.now()
    await vi.waitFor(() => expect(output).toEqual(['done', 'done']), { interval: 5 })
    expect(performance.now() - leftAt).toBeLessThan(150)
  },

  async 'sources.ts'({ url, app }) {
    expect(await (await fetch(`${url}/array`)).text()).toBe('{"n":1}\n{"n":2}\n')
    expect(await (await fetch(`${url}/node-stream`)).text()).toBe('ab')
    expect(await (await fetch(`${url}/web-stream`)).text()).toBe('ab')
    // A burst of small items leaves in a few pieces.
    const burst = await connect(app).request('GET', '/sync')
    const pieces: string[] = []
    for (let piece = await burst.next(); piece !== undefined; piece = await burst.next()) pieces.push(piece)
    expect(pieces.join('')).toBe('x'.repeat(1000))
    expect(pieces.length).toBeLessThan(10)
    expect((await burst.ended).items).toBe(1000)
  },

  async 'formats.ts'({ url }) {
    const seen = async (path: string) => {
      const response = await fetch(url + path)
      return [response.headers.get('content-type'), await response.text()]
    }
    expect(await seen('/text')).toEqual(['text/plain; charset=utf-8', 'tick 1\n'])
    expect(await seen('/csv')).toEqual(['text/csv; charset=utf-8', 'n,tick\n1,2026-01-01\n'])
    expect(await seen('/bytes')).toEqual(['image/x-raw', '\u0001\u0002\u0003'])
    expect(await seen('/jsonl')).toEqual(['application/jsonl', '{"n":1}\n'])
    expect(await seen('/sse')).toEqual(['text/event-stream', 'data: {"n":1}\n\n'])
    const { headers } = await fetch(`${url}/sse`)
    expect(headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(headers.get('x-accel-buffering')).toBe('no')
    expect(headers.get('incremental')).toBe('?1')
  },

  async 'negotiation.ts'({ url }) {
    const typeFor = async (accept: string) => {
      const response = await fetch(`${url}/ticks`, { headers: { accept } })
      expect(response.headers.get('vary')).toBe('Accept')
      await response.body?.cancel()
      return response.status === 200 ? response.headers.get('content-type') : response.status
    }
    expect(await typeFor('*/*')).toBe('application/jsonl')
    expect(await typeFor('text/event-stream')).toBe('text/event-stream')
    expect(await typeFor('application/jsonl;q=0.1, text/event-stream')).toBe('text/event-stream')
    expect(await typeFor('image/png')).toBe(406)
  },

  async 'event.ts'({ url }) {
    const all = await (await fetch(`${url}/rows`)).text()
    expect(all.split('\n\n')).toHaveLength(6)
    const rest = await fetch(`${url}/rows`, { headers: { 'last-event-id': '4' } })
    expect(await rest.text()).toBe('event: row\nid: 5\nretry: 2000\ndata: {"n":5}\n\n')
  },

  async 'options.ts'({ url }) {
    const bodyOf = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).text()
    expect(await bodyOf('/lines')).toBe('{"n":1}\n{"n":3}\n{"$end":true}\n')
    expect(await bodyOf('/sequence')).toBe('\x1e{"n":1}\n\x1e{"n":2.5}\n\x1e{"n":3}\n')
    const asked = await bodyOf('/sequence', { headers: { prefer: 'stream-end' } })
    expect(asked.endsWith('\x1e{"$end":true}\n')).toBe(true)
    expect(JSON.parse(await bodyOf('/array'))).toEqual([{ n: 1 }, { n: 2.5 }, { n: 3 }])
    const quiet = await bodyOf('/quiet')
    expect(quiet).toMatch(/^retry: 3000\n\n(: \n\n){2,3}retry: \d{4}\n\n$/)
  },

  async 'timeouts.ts'({ url }) {
    expect(await (await fetch(`${url}/report`)).text()).toBe('line 1\nline 2\n')
    const late = await fetch(`${url}/report?before=5000`)
    expect([late.status, await late.json()]).toMatchObject([503, { code: 'FIRST_ITEM_TIMEOUT' }])
    await expect(fetch(`${url}/report?between=5000`).then((reply) => reply.text())).rejects.toThrow()
  },

  async 'finish.ts'({ url, output }) {
    const response = await fetch(`${url}/jobs`, { method: 'POST' })
    await response.body!.cancel()
    await vi.waitFor(() => expect(output).toEqual(['all steps done']))
  },

  async 'items-in.ts'({ url }) {
    const send = (lines: string) =>
      fetch(`${url}/readings`, {
        method: 'POST',
        body: lines,
        headers: { 'content-type': 'application/jsonl' },
      })
    const good = '{"sensor":"a","value":1}\n{"sensor":"b","value":2}\n'
    expect(await (await send(good)).json()).toEqual({ sum: 3 })
    const refused = await send(`${good}{"sensor":"c"}\n`)
    expect(refused.status).toBe(422)
    expect(await refused.json()).toMatchObject({ errors: [{ in: 'body', path: [2, 'value'] }] })
    expect((await send('{"sensor":\n')).status).toBe(400)
  },

  async 'first-item.ts'({ url }) {
    const refused = await fetch(`${url}/report`)
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ code: 'UNAUTHORIZED' })
    const report = await fetch(`${url}/report`, { headers: { authorization: 'x' } })
    expect(report.headers.get('x-rows')).toBe('2')
    expect(await report.text()).toBe('row 1\nrow 2\n')
  },

  async 'failure.ts'({ url, output, log }) {
    const problem = '{"type":"about:blank","title":"Service unavailable","status":503,"code":"UNAVAILABLE"'
    const lines = await rawReply(url, '/rows')
    expect(lines).toContain('{"n":1}\n')
    expect(lines).toContain(`{"$error":${problem},"detail":"The database went away."}}\n`)
    const events = await rawReply(url, '/rows', 'accept: text/event-stream\r\n')
    expect(events).toContain(`event: error\ndata: ${problem},"detail":"The database went away."}\n\n`)
    const text = await rawReply(url, '/lines')
    expect(text).toContain('line 1\n')
    expect(text).not.toContain('sda1')
    // No chunked body of these has its last chunk.
    for (const reply of [lines, events, text]) expect(reply).not.toMatch(/\r\n0\r\n\r\n$/)
    await expect(fetch(`${url}/lines`).then((response) => response.text())).rejects.toThrow()
    await vi.waitFor(() => expect([output.length, log.length]).toEqual([2, 4]))
    expect(log.join()).toContain('sda1')
    expect(output[0]).toBe('error HttpError: The database went away.')
  },

  async 'cancel.ts'({ url, exports, output }) {
    const clock = await openStream(`${url}/clock`)
    expect(await clock.next()).toMatch(/Z\n$/)
    await clock.leave()
    await vi.waitFor(() => expect(output).toEqual(['clock stopped']))

    const prices = exports['prices'] as EventEmitter
    const pending = openStream(`${url}/prices`)
    await vi.waitFor(() => expect(prices.listenerCount('price')).toBe(1))
    prices.emit('price', 7)
    const stream = await pending
    expect(await stream.next()).toBe('{"price":7}\n')
    await stream.leave()
    await vi.waitFor(() => expect(prices.listenerCount('price')).toBe(0))

    const upstream = createServer((_request, response) => response.write('data: 1\n\n')).listen(
      0,
      '127.0.0.1',
    )
    await once(upstream, 'listening')
    const gone = new Promise((resolve) => {
      upstream.on('request', (_request, response) => response.once('close', resolve))
    })
    const { port } = upstream.address() as AddressInfo
    const realFetch = globalThis.fetch
    const spy = vi
      .spyOn(globalThis, 'fetch')
      .mockImplementation((target, init) =>
        realFetch(target === 'https://upstream.example/events' ? `http://127.0.0.1:${port}` : target, init),
      )
    const relay = await openStream(`${url}/relay`)
    expect(await relay.next()).toBe('data: 1\n\n')
    await relay.leave()
    await gone
    spy.mockRestore()
    upstream.close()
  },

  async 'after.ts'({ url, output }) {
    await (await fetch(`${url}/lines`)).text()
    await vi.waitFor(() => expect(output).toEqual(['complete 2 8 true ']))
    const left = await openStream(`${url}/lines`)
    await left.next()
    await left.leave()
    await vi.waitFor(() => expect(output[1]).toBe('disconnect 1 4 true '))
  },

  async 'trailer.ts'({ url }) {
    const request = get(`${url}/export`, { agent: false, headers: { 'accept-encoding': 'gzip' } })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const hash = createHash('sha256')
    for await (const piece of response) hash.update(piece as Uint8Array)
    expect(response.headers['trailer']).toBe('content-digest, server-timing')
    expect(response.trailers).toEqual({
      'content-digest': `sha-256=:${hash.digest('base64')}:`,
      'server-timing': expect.stringMatching(/^rows;dur=\d+\.\d$/),
    })
  },

  async 'chunks.ts'({ url }) {
    const log = 'a line of the log\n'.repeat(20_000)
    writeFileSync('big.log', log)
    expect(await (await fetch(`${url}/log`)).text()).toBe(log)
  },
}
