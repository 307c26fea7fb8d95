/** How our client opens WebSockets: headers, refusals, and when it stops to come back. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { App, bearer, HttpError } from 'millrace'
import { createClient, ReplyError, SocketClosed, type WebSocketClass } from 'millrace/client'
import { WebSocket, WebSocketServer } from 'ws'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const app = new App({ log: quiet })
const user = bearer((token) => (token === 'secret' ? { name: 'ann' } : undefined))
const routes = {
  mine: app.websocket('/mine', { use: { user }, sends: z.string() }, async ({ socket, user }) => {
    await socket.send(user.name)
  }),
  never: app.websocket('/never', { use: {}, sends: z.string() }, () => {
    throw new HttpError(403, { detail: 'Never.' })
  }),
}
type Routes = typeof routes

let url: string
beforeAll(async () => {
  url = (await app.listen({ port: 0, signals: false })).url
})
afterAll(() => app.close({ grace: 0 }))

const failure = async (promise: PromiseLike<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('It did not fail.')
}

const classes: [string, WebSocketClass | undefined][] = [['ws', WebSocket]]
if ('WebSocket' in globalThis) classes.push(["the runtime's own", undefined])
else console.log('skipped: headers by the global WebSocket, which Node has from version 22 on')

describe.each(classes)('headers, with %s', (_name, Class) => {
  const api = () => createClient<Routes>(url, Class === undefined ? {} : { WebSocket: Class })
  const headers = { authorization: 'Bearer secret' }

  test('are sent with the handshake, and not without being said', async () => {
    const socket = await api().websocket('/mine', { headers })
    const seen: string[] = []
    for await (const name of socket) seen.push(name)
    expect(seen).toEqual(['ann'])
    expect(await failure(api().websocket('/mine'))).toBeInstanceOf(SocketClosed)
    const others = createClient<Routes>(url, { headers, ...(Class && { WebSocket: Class }) })
    expect(await failure(others.websocket('/mine'))).toBeInstanceOf(SocketClosed)
  })
})

test('headers where none can be sent are an error that says what to do', async () => {
  /** As browsers do: what is no list is a subprotocol, and `[object Object]` is none. */
  class Browser {
    constructor(_address: string, protocols?: unknown) {
      if (typeof protocols === 'object' && !Array.isArray(protocols))
        throw new DOMException(`The subprotocol '${String(protocols)}' is invalid.`, 'SyntaxError')
    }
  }
  const api = createClient<Routes>(url, { WebSocket: Browser as unknown as WebSocketClass })
  const error = await failure(api.websocket('/mine', { headers: { authorization: 'x' } }))
  expect(error).toBeInstanceOf(TypeError)
  expect((error as Error).message).toContain('browsers allow none. Send a cookie, or a token in the query')
})

describe('a refusal', () => {
  const api = createClient<Routes>('http://x', { WebSocket })
  const told = async (at: string, path: '/mine' | '/never' = '/mine') =>
    (await failure(createClient<Routes>(at, { WebSocket }).websocket(path))) as SocketClosed

  test('is told with its status and its problem, where the runtime tells', async () => {
    const error = await told(url)
    expect(error).toBeInstanceOf(SocketClosed)
    expect(error.code).toBe(1006)
    expect(error.refusal).toBeInstanceOf(ReplyError)
    expect(error.refusal!.is('UNAUTHORIZED')).toBe(true)
    expect(error.refusal!.headers.get('www-authenticate')).toContain('Bearer')
    expect(error.message).toMatch(/^WebSocket \/mine answered 401 UNAUTHORIZED: /)
  })

  test('that is no problem document, is endless, or is cut off, ends as well', async () => {
    let answer = (_request: IncomingMessage, _reply: import('node:http').ServerResponse) => {}
    const server = createServer((request, reply) => answer(request, reply))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    answer = (_request, reply) => void reply.writeHead(502).end('<h1>Bad gateway')
    expect((await told(at)).refusal).toMatchObject({ status: 502, code: 'HTTP_502', body: '<h1>Bad gateway' })
    answer = (_request, reply) => {
      reply.writeHead(429)
      const timer = setInterval(() => reply.write('x'.repeat(20_000)), 1)
      reply.once('close', () => clearInterval(timer))
    }
    expect((await told(at)).refusal!.status).toBe(429)
    answer = (_request, reply) => {
      reply.writeHead(503, { 'content-length': 100 }).write('half')
      setTimeout(() => reply.destroy(), 20)
    }
    const cut = await told(at)
    expect([cut.code, cut.refusal]).toEqual([1006, undefined])
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  test('of a connection that is opened again ends it, unless it is a passing one', async () => {
    const sockets = new WebSocketServer({ noServer: true })
    const statuses = [101, 503, 101, 401, 101]
    const asked: number[] = []
    const server = createServer()
    server.on('upgrade', (request, socket, head) => {
      const status = statuses.shift()!
      asked.push(status)
      if (status !== 101)
        return socket.end(`HTTP/1.1 ${status} No\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n`)
      return sockets.handleUpgrade(request, socket, head, (open) => open.close(1012))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const socket = await createClient<Routes>(at, { WebSocket }).websocket('/mine', {
      reconnect: { attempts: 10, baseMs: 1, maxMs: 5 },
    })
    const error = await failure(
      (async () => {
        for await (const line of socket) void line
      })(),
    )
    expect(error).toBeInstanceOf(SocketClosed)
    expect((error as SocketClosed).refusal?.status).toBe(401)
    expect(asked).toEqual([101, 503, 101, 401])
    await new Promise((resolve) => server.close(resolve))
  })

  test('may be told by an error alone, as in Node 22: then that is the end, also of coming back', async () => {
    const made: Refused[] = []
    class Refused extends EventTarget {
      readonly readyState = 0
      declare onopen: () => void
      declare onclose: (event: { code: number; reason: string }) => void
      declare onerror: () => void
      constructor() {
        super()
        made.push(this)
        setTimeout(() => {
          if (made.length > 1) return this.onerror()
          this.onopen()
          return this.onclose({ code: 1001, reason: '' })
        }, 1)
      }
      close() {
        this.onerror()
      }
    }
    const lonely = createClient<Routes>('http://x', { WebSocket: Refused as unknown as WebSocketClass })
    const socket = await lonely.websocket('/mine', { reconnect: { attempts: 3, baseMs: 1, maxMs: 2 } })
    expect(await failure(socket[Symbol.asyncIterator]().next())).toMatchObject({ code: 1006 })
    expect(made.length).toBe(4)
    expect(await failure(lonely.websocket('/mine'))).toMatchObject({ name: 'SocketClosed', code: 1006 })
  })

  test('is no server at all: there is nothing to tell', async () => {
    const error = await failure(api.websocket('/mine'))
    expect(error).toMatchObject({ name: 'SocketClosed', code: 1006, refusal: undefined })
  })
})

describe('the count of losses in a row', () => {
  afterEach(() => vi.restoreAllMocks())

  /** A server that closes every connection at once. Returns how many there were. */
  async function losses(openForMs: number): Promise<number> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await new Promise((resolve) => server.once('listening', resolve))
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    let count = 0
    server.on('connection', (socket) => {
      count++
      // The last ones are lost at once, so that it ends.
      const ms = count <= 8 ? openForMs : 0
      setTimeout(() => {
        now += ms
        socket.close(1012)
      }, 20)
    })
    const { port } = server.address() as AddressInfo
    const socket = await createClient<Routes>(`http://127.0.0.1:${port}`, { WebSocket }).websocket('/mine', {
      reconnect: { attempts: 2, baseMs: 1, maxMs: 2 },
    })
    const error = await failure(
      (async () => {
        for await (const line of socket) void line
      })(),
    )
    expect(error).toMatchObject({ code: 1012 })
    server.close()
    return count
  }

  test('starts anew after a connection that was open for ten seconds, also without a message', async () => {
    expect(await losses(10_000)).toBe(8 + 2)
  })

  test('control: after shorter ones it does not', async () => {
    expect(await losses(9_999)).toBe(3)
  })
})
