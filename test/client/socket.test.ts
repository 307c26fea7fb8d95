/** Our client's WebSockets, with `ws` and with the runtime's own class where it has one. */
import { createClient, SocketClosed, type WebSocketClass } from 'millrace/client'
import { WebSocket, WebSocketServer } from 'ws'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../contract/transport.ts'
import { makeApp, type Routes } from './app.ts'

const QUICK = { attempts: 5, baseMs: 1, maxMs: 5 }
const { app } = makeApp()
let url: string
beforeAll(async () => {
  url = (await app.listen({ port: 0, signals: false })).url
})
afterAll(() => app.close({ grace: 0 }))

const classes: [string, WebSocketClass | undefined][] = [['ws', WebSocket]]
if ('WebSocket' in globalThis) classes.push(["the runtime's own", undefined])
else console.log('skipped: the global WebSocket, which Node has from version 22 on')

describe.each(classes)('%s', (_name, Class) => {
  const client = () => createClient<Routes>(url, Class === undefined ? {} : { WebSocket: Class })

  test('text both ways; leaving the loop closes', async () => {
    const socket = await client().websocket('/chat')
    socket.send('hello')
    socket.send('{"a":1}')
    const seen: string[] = []
    for await (const line of socket) {
      seen.push(line)
      if (seen.length === 2) break
    }
    expect(seen).toEqual(['you said hello', 'you said {"a":1}'])
    expect(() => socket.send('more')).toThrow(SocketClosed)
  })

  test('values both ways, params and query', async () => {
    const points = await client().websocket('/points/:room', {
      params: { room: 'a b' },
      query: { from: 7 },
      json: true,
    })
    points.send({ id: 1, text: 'x' })
    const seen: unknown[] = []
    for await (const row of points) {
      seen.push(row)
      if (seen.length === 2) points.close()
    }
    expect(seen).toEqual([
      { id: 7, text: 'a b' },
      { id: 2, text: 'x' },
    ])
  })

  test('the end of the handler is the end of the loop', async () => {
    const socket = await client().websocket('/drops')
    socket.send('one')
    socket.send('bye')
    const seen: string[] = []
    for await (const line of socket) seen.push(line)
    expect(seen).toEqual(['one'])
  })

  test('a refusal by the server is an error with its code', async () => {
    const socket = await client().websocket('/drops')
    socket.send('refuse')
    const reading = (async () => {
      for await (const line of socket) void line
    })()
    await expect(reading).rejects.toMatchObject({ name: 'SocketClosed', code: 4001, reason: 'no' })
  })

  test('comes back after a restart, and says so, so that one can subscribe anew', async () => {
    let opened = 0
    const socket = await client().websocket('/drops', { reconnect: QUICK, onOpen: () => void opened++ })
    socket.send('before')
    socket.send('drop')
    const seen: string[] = []
    for await (const line of socket) {
      seen.push(line)
      if (line === 'before') {
        await until(() => opened === 2, 'it is open again')
        socket.send('after')
      } else break
    }
    expect(seen).toEqual(['before', 'after'])
  })

  test('does not come back when it shall not', async () => {
    const socket = await client().websocket('/drops', { reconnect: false })
    socket.send('drop')
    const reading = (async () => {
      for await (const line of socket) void line
    })()
    await expect(reading).rejects.toMatchObject({ code: 1012 })
  })

  test('a socket that is refused does not open', async () => {
    const api = createClient<{ none: Routes['chat'] }>(`${url}/nowhere`, Class ? { WebSocket: Class } : {})
    await expect(api.websocket('/chat')).rejects.toBeInstanceOf(SocketClosed)
  })

  test('a signal ends it', async () => {
    const controller = new AbortController()
    const socket = await client().websocket('/chat', { signal: controller.signal })
    const reading = (async () => {
      for await (const line of socket) void line
    })()
    controller.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })
})

describe('bounds', () => {
  const servers: WebSocketServer[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      for (const each of server.clients) each.terminate()
      server.close()
    }
  })
  const serve = async (onConnection: (socket: WebSocket, count: number) => void) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    servers.push(server)
    let count = 0
    server.on('connection', (socket) => onConnection(socket, ++count))
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    return createClient<Routes>(`http://127.0.0.1:${port}`, { WebSocket })
  }

  test('a reader that falls behind is told, and the socket closed', async () => {
    const api = await serve((socket) => {
      for (let i = 0; i < 50; i++) socket.send(String(i))
    })
    const socket = await api.websocket('/chat', { queue: 10 })
    await until(() => {
      try {
        socket.send('x')
        return false
      } catch {
        return true
      }
    }, 'it is closed')
    const seen: string[] = []
    const reading = (async () => {
      for await (const line of socket) seen.push(line)
    })()
    await expect(reading).rejects.toMatchObject({ code: 4008 })
    expect(seen.length).toBeLessThanOrEqual(11)
  })

  test('messages wait for a connection that is lost, up to a bound', async () => {
    const got: string[] = []
    const api = await serve((socket, count) => {
      if (count === 1) return socket.terminate()
      socket.on('message', (data) => got.push(String(data as Buffer)))
    })
    const socket = await api.websocket('/chat', { queue: 3, reconnect: { baseMs: 300 } })
    await new Promise((resolve) => setTimeout(resolve, 100))
    for (const line of ['a', 'b', 'c']) socket.send(line)
    expect(() => socket.send('d')).toThrow(RangeError)
    await until(() => got.length === 3, 'they are sent')
    expect(got).toEqual(['a', 'b', 'c'])
    socket.close()
  })

  test('gives up after so many attempts', async () => {
    let connections = 0
    const api = await serve((socket) => {
      connections++
      socket.terminate()
    })
    const socket = await api.websocket('/chat', { reconnect: { ...QUICK, attempts: 2 } })
    const reading = (async () => {
      for await (const line of socket) void line
    })()
    await expect(reading).rejects.toMatchObject({ code: 1006 })
    expect(connections).toBe(3)
  })
})

test.skipIf('WebSocket' in globalThis)('without a WebSocket the error says what to do', async () => {
  await expect(createClient<Routes>(url).websocket('/chat')).rejects.toThrow("import { WebSocket } from 'ws'")
})
