/**
 * Our client against the wire: replies split at every place, cut at every byte, and lost. The bytes are those of a real app; `fetch` is replaced by one that damages them, or a bare server sends them.
 */
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createClient, type RetryPolicy, StreamTruncated } from 'millrace/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { outcome } from './outcome.ts'
import { makeApp, ROWS, type Routes } from './app.ts'

const { app } = makeApp()
afterAll(() => app.close({ grace: 0 }))

const PATHS = ['/jsonl', '/sse', '/json-seq', '/json-array'] as const
const MARKED = ['/jsonl', '/sse', '/json-seq'] as const

interface Recorded {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly headers: Headers
}

/** What the app sends for a path, marked or not. */
async function record(path: string, endMark: boolean): Promise<Recorded> {
  const headers = endMark ? { prefer: 'stream-end' } : {}
  const response = await app.fetch(new Request(`http://app${path}`, { headers }))
  return { bytes: new Uint8Array(await response.arrayBuffer()), headers: response.headers }
}

/** A client to which a reply comes in these pieces, and then ends, or fails. */
function clientOf(pieces: readonly Uint8Array<ArrayBuffer>[], headers: Headers, cut: boolean) {
  const fetch = () => {
    const left = [...pieces]
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = left.shift()
        if (piece !== undefined) controller.enqueue(piece)
        else if (cut) controller.error(new TypeError('terminated'))
        else controller.close()
      },
    })
    return new Response(body, { headers })
  }
  return createClient<Routes>('http://app', { fetch, resume: false })
}

describe.each(PATHS)('%s', (path) => {
  let recorded: Recorded
  beforeAll(async () => {
    recorded = await record(path, true)
  })

  test('reads the same in two pieces, split at every byte', async () => {
    for (let at = 0; at <= recorded.bytes.length; at++) {
      const pieces = [recorded.bytes.slice(0, at), recorded.bytes.slice(at)]
      const { items, end } = await outcome(clientOf(pieces, recorded.headers, false).get(path))
      expect([items, end], `split at ${at}`).toEqual([ROWS, 'complete'])
    }
  })

  test('reads the same byte by byte', async () => {
    const pieces = [...recorded.bytes].map((byte) => new Uint8Array([byte]))
    expect(await clientOf(pieces, recorded.headers, false).get(path)).toEqual(ROWS)
  })

  test('a connection that is lost at any byte is truncation', async () => {
    for (let at = 0; at <= recorded.bytes.length; at++) {
      const api = clientOf([recorded.bytes.slice(0, at)], recorded.headers, true)
      const { items, end } = await outcome(api.get(path))
      expect(end, `cut at ${at}`).toBeInstanceOf(StreamTruncated)
      expect((end as StreamTruncated).bytes).toBe(at)
      expect(items, `cut at ${at}`).toEqual(ROWS.slice(0, items.length))
    }
  })

  test('a proxy that hides the cut at any byte does not hide the truncation', async () => {
    // Behind the bracket of an array there is only a line feed, which JSON can do without.
    const last = recorded.bytes.length - (path === '/json-array' ? 2 : 1)
    for (let at = 0; at <= last; at++) {
      const api = clientOf([recorded.bytes.slice(0, at)], recorded.headers, false)
      const { items, end } = await outcome(api.get(path))
      expect(end, `cut at ${at}`).toBeInstanceOf(StreamTruncated)
      expect(items, `cut at ${at}`).toEqual(ROWS.slice(0, items.length))
    }
  })
})

test.each(MARKED)(
  'control: without the end mark a hidden cut of %s between two items passes',
  async (path) => {
    const { bytes, headers } = await record(path, false)
    const text = new TextDecoder().decode(bytes)
    const boundary = path === '/sse' ? '\n\n' : '\n'
    const at = new TextEncoder().encode(text.slice(0, text.indexOf(boundary) + boundary.length)).length
    const api = clientOf([bytes.slice(0, at)], headers, false)
    expect((await outcome(api.get(path, { endMark: false }))).end).toBe('complete')
  },
)

describe('line ends and byte order marks', () => {
  const get = async (path: '/sse' | '/jsonl', text: string) => {
    const type = path === '/sse' ? 'text/event-stream' : 'application/jsonl'
    const headers = new Headers({ 'content-type': type })
    const bytes = new TextEncoder().encode(text)
    const whole = await clientOf([bytes], headers, false).get(path)
    const pieces = [...bytes].map((byte) => new Uint8Array([byte]))
    expect(await clientOf(pieces, headers, false).get(path)).toEqual(whole)
    return whole as unknown
  }
  test('of events', async () => {
    expect(
      await get('/sse', '\ufeffdata: 1\r\rdata: 2\r\n\r\ndata: 3\n\ndata: 4\r\n\n: x\rdata:5\n\r'),
    ).toEqual([1, 2, 3, 4, 5])
  })
  test('of JSON Lines', async () => {
    expect(await get('/jsonl', '\ufeff1\r\n2\n\r\n \n3')).toEqual([1, 2, 3])
  })
})

/** A server that answers every connection with the same bytes, and closes it. */
async function bareServer(answer: (socket: Socket) => void): Promise<[server: Server, url: string]> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => answer(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`]
}

describe('over a real connection', () => {
  test.each([...PATHS, '/text', '/bytes'] as const)(
    '%s, cut at every byte, is truncated',
    async (path) => {
      const { bytes, headers } = await record(path, true)
      const head = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n${[...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
      let at = 0
      const [server, url] = await bareServer((socket) => {
        socket.write(head)
        if (at > 0) {
          socket.write(`${at.toString(16)}\r\n`)
          socket.write(bytes.slice(0, at))
          socket.write('\r\n')
        }
        socket.end()
      })
      const api = createClient<Routes>(url, { resume: false })
      for (at = 0; at <= bytes.length; at++) {
        const { end } = await outcome(api.get(path))
        expect(end, `cut at ${at}`).toBeInstanceOf(StreamTruncated)
      }
      server.close()
    },
    60_000,
  )

  test('a value that is cut is truncated, too', async () => {
    const [server, url] = await bareServer((socket) => {
      socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{"n":1')
    })
    await expect(createClient<Routes>(url).get('/value')).rejects.toBeInstanceOf(StreamTruncated)
    server.close()
  })
})

const QUICK: RetryPolicy = { attempts: 5, baseMs: 1, maxMs: 5 }

describe('retry', () => {
  const flaky = (statuses: (number | Error)[]) => {
    const sent: Request[] = []
    const fetch = (request: Request) => {
      sent.push(request)
      const status = statuses.shift() ?? 200
      if (status instanceof Error) throw status
      return Response.json({ n: 1 }, { status, headers: { 'retry-after': '0' } })
    }
    return { sent, fetch }
  }

  test('is off by default', async () => {
    const { sent, fetch } = flaky([503])
    await expect(createClient<Routes>('http://app', { fetch }).get('/head')).rejects.toThrow('503')
    expect(sent).toHaveLength(1)
  })

  test('repeats what is safe to repeat', async () => {
    const { sent, fetch } = flaky([503, new TypeError('no network'), 429])
    const api = createClient<Routes>('http://app', { fetch, retry: QUICK })
    expect(await api.get('/head')).toEqual({ n: 1 })
    expect(sent).toHaveLength(4)
  })

  test('does not repeat a POST, an error of the request, or a mistake in a hook', async () => {
    const post = flaky([503])
    const api = createClient<Routes>('http://app', { fetch: post.fetch, retry: QUICK })
    await expect(api.post('/echo/text', { body: 'a' })).rejects.toThrow('503')
    expect(post.sent).toHaveLength(1)
    const bad = flaky([404])
    await expect(
      createClient<Routes>('http://app', { fetch: bad.fetch, retry: QUICK }).get('/head'),
    ).rejects.toThrow('404')
    expect(bad.sent).toHaveLength(1)
    const hooked = flaky([])
    const before = () => {
      throw new Error('no token')
    }
    await expect(
      createClient<Routes>('http://app', { fetch: hooked.fetch, retry: QUICK, before }).get('/head'),
    ).rejects.toThrow('no token')
    expect(hooked.sent).toHaveLength(0)
  })

  test('a signal ends the wait', async () => {
    const { fetch } = flaky([503, 503])
    const controller = new AbortController()
    const api = createClient<Routes>('http://app', { fetch, retry: { baseMs: 60_000 } })
    const call = api.get('/head', {
      signal: controller.signal,
      onRetry: () => queueMicrotask(() => controller.abort(new Error('enough'))),
    })
    await expect(call).rejects.toThrow('enough')
  })
})
