/** Every way in which a socket ends, and what either side is told. */
import { once } from 'node:events'
import { App, dependency, type StreamCancelled } from 'millrace'
import { describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import {
  cleanUp,
  CLOSE,
  connect,
  frame,
  ManualClock,
  PING,
  readFrames,
  serve,
  serveOne,
  serverSides,
  TEXT,
  until,
  upgrade,
  wait,
  within,
} from './scene.ts'

describe('closing', () => {
  test('the handler returns: 1000', async () => {
    const server = await serveOne(() => {})
    expect(await (await connect(server, '/')).ended()).toEqual({ code: 1000, reason: '' })
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('a secret')
      },
    ],
    [
      'rejects',
      async () => {
        await wait(5)
        throw new Error('a secret')
      },
    ],
    [
      'throws no error',
      () => {
        throw 'a secret'
      },
    ],
  ])('the handler %s: 1011, logged with its route, and nothing of it told', async (_, handler) => {
    const server = await serveOne(handler)
    const { code, reason } = await (await connect(server, '/')).ended()
    expect([code, reason]).toEqual([1011, 'Internal error'])
    expect(server.errors()).toEqual(['a secret'])
    expect(server.log[0]?.fields['route']).toBe('/')
  })

  test('observers are told of it once', async () => {
    const told: unknown[] = []
    const server = await serveOne(
      () => {
        throw new Error('broke')
      },
      { observers: [{ error: (request, error) => told.push(request.route, error) }] },
    )
    await (await connect(server, '/')).ended()
    expect(told).toEqual(['/', new Error('broke')])
  })

  test('the handler closes with a code and a reason, and knows how it went', async () => {
    let closed: unknown
    const server = await serveOne(async ({ socket }) => {
      socket.close(4321, 'enough ü')
      socket.close(1000, 'twice does no harm')
      closed = await socket.closed
    })
    expect(await (await connect(server, '/')).ended()).toEqual({ code: 4321, reason: 'enough ü' })
    await until(() => closed !== undefined, 'the handler learns')
    expect(closed).toEqual({ code: 4321, reason: 'enough ü' })
  })

  test.each([999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, Number.NaN])(
    '%d cannot be closed with',
    async (code) => {
      const server = await serveOne(({ socket }) => socket.close(code))
      expect((await (await connect(server, '/')).ended()).code).toBe(1011)
      expect(server.outcome.thrown).toBeInstanceOf(RangeError)
    },
  )

  test('a reason of 124 bytes is refused, one of 123 is sent', async () => {
    const server = await serveOne(({ socket }) => {
      expect(() => socket.close(1000, `${'ü'.repeat(61)}xx`)).toThrow(RangeError)
      socket.close(1000, `${'ü'.repeat(61)}x`)
    })
    expect((await (await connect(server, '/')).ended()).reason).toBe(`${'ü'.repeat(61)}x`)
  })

  test('with a peer that has sent far more than was read: the close is still completed', async () => {
    const outcomes: string[] = []
    // No time passes, so nobody's patience helps.
    const server = await serveOne(
      async ({ after }) => {
        after(({ outcome }) => outcomes.push(outcome))
        await wait(200)
      },
      { clock: new ManualClock() },
    )
    const peer = await connect(server, '/')
    for (let i = 0; i < 50; i++) peer.send(Buffer.alloc(100_000))
    expect(await peer.ended()).toEqual({ code: 1000, reason: '' })
    await until(() => outcomes.length > 0, 'after() runs')
    expect(outcomes).toEqual(['complete'])
  })

  test('a peer that does not answer the close is cut', async () => {
    const server = await serveOne(() => {})
    const raw = await upgrade(server, '/')
    raw.socket.resume()
    await within(raw.gone, 'the connection is cut', 7000)
  }, 10_000)
})

describe('limits', () => {
  const open = () => {
    const endings: unknown[] = []
    return serve((app) => {
      app.websocket('/', { messageLimit: 10_000 }, async ({ socket, after }) => {
        after(({ outcome }) => endings.push(outcome))
        for await (const message of socket) await socket.send(message.length)
        endings.push((await socket.closed).code)
      })
      app.websocket('/default', {}, async ({ socket }) => {
        for await (const message of socket) await socket.send(message.length)
      })
    }).then((server) => ({ ...server, endings }))
  }

  test('a message at the limit passes, one over it closes with 1009, and the handler learns why', async () => {
    const server = await open()
    const peer = await connect(server, '/')
    peer.send('x'.repeat(10_000))
    expect(await peer.next()).toBe('10000')
    peer.send('x'.repeat(10_001))
    expect((await peer.ended()).code).toBe(1009)
    await until(() => server.endings.length === 2, 'the handler ends')
    expect(server.endings).toEqual([1009, 'error'])
    expect(server.errors()).toEqual([])
  })

  test('1 MiB by default', async () => {
    const peer = await connect(await open(), '/default')
    peer.send(Buffer.alloc(1024 * 1024))
    expect(await peer.next()).toBe(String(1024 * 1024))
    peer.send(Buffer.alloc(1024 * 1024 + 1))
    expect((await peer.ended()).code).toBe(1009)
  })

  test.each([
    ['of 100 bytes', 100, 1009],
    // ws counts fragments too, and has a code of its own for that: 1008.
    ['of one byte', 1, 1008],
    ['of nothing', 0, 1008],
  ])('endless fragments %s end it', async (_, size, code) => {
    const raw = await upgrade(await open(), '/')
    const payload = 'x'.repeat(size)
    raw.write(frame(0x01, payload))
    const more = Buffer.concat(Array.from({ length: 200 }, () => frame(0x00, payload)))
    const feed = setInterval(() => raw.write(more), 1)
    cleanUp(() => clearInterval(feed))
    expect(await raw.closeCode()).toBe(code)
  })

  test('fragments are put together, and control frames may stand between them', async () => {
    const raw = await upgrade(await open(), '/')
    const ü = Buffer.from('ü')
    raw.write(Buffer.concat([frame(0x01, ü.subarray(0, 1)), frame(PING, 'hi'), frame(0x80, ü.subarray(1))]))
    const received = await raw.read((bytes) => readFrames(bytes).length === 2)
    expect(readFrames(received).map(({ opcode, payload }) => [opcode, String(payload)])).toEqual([
      [10, 'hi'],
      [1, '1'],
    ])
  })

  test.each([
    ['a text message', frame(TEXT, Buffer.from([0xc3, 0x28]))],
    ['a surrogate', frame(TEXT, Buffer.from([0xed, 0xa0, 0x80]))],
    ['the reason of a close', frame(CLOSE, Buffer.from([0x03, 0xe8, 0xff]))],
  ])('invalid UTF-8 in %s: 1007', async (_, bytes) => {
    const server = await open()
    const raw = await upgrade(server, '/')
    raw.write(bytes)
    expect(await raw.closeCode()).toBe(1007)
    await until(() => server.endings.length === 2, 'the handler ends')
    expect(server.endings).toEqual([1007, 'error'])
  })

  test('what a deflate bomb would need is not even offered', async () => {
    const peer = await connect(await open(), '/', { perMessageDeflate: true })
    expect(peer.ws.extensions).toBe('')
  })
})

describe('signs of life', () => {
  const idle = (clock: ManualClock) => serveOne(({ socket }) => socket.closed, { clock })

  test('a peer that answers no ping is cut, at the second one', async () => {
    const clock = new ManualClock()
    const server = await idle(clock)
    const raw = await upgrade(server, '/')
    raw.socket.resume()
    clock.advance(20_000)
    await wait(50)
    expect(server.outcome.ended).toBeUndefined()
    clock.advance(20_000)
    await within(raw.gone, 'it is cut')
    await until(() => server.outcome.ended === true, 'the handler learns')
  })

  test('one that answers stays, and one that only sends pongs of its own too', async () => {
    const clock = new ManualClock()
    const server = await idle(clock)
    const peer = await connect(server, '/')
    let pings = 0
    peer.ws.on('ping', () => pings++)
    for (let i = 1; i <= 5; i++) {
      clock.advance(20_000)
      await until(() => pings === i, 'a ping')
      await wait(10)
    }
    expect(peer.ws.readyState).toBe(peer.ws.OPEN)
  })

  test.each([
    [60, 3],
    [0, 0],
  ])('listen({ pingInterval: %i }) says how often', async (pingInterval, wanted) => {
    const app = new App()
    app.websocket('/', {}, ({ socket }) => socket.closed)
    const { port } = await app.listen({ port: 0, signals: false, pingInterval })
    cleanUp(() => app.close({ grace: 0 }))
    const peer = new WebSocket(`ws://127.0.0.1:${port}/`)
    cleanUp(() => peer.terminate())
    let pings = 0
    peer.on('ping', () => pings++)
    if (wanted > 0) return until(() => pings >= wanted, 'pings')
    await wait(500)
    expect([pings, peer.readyState]).toEqual([0, peer.OPEN])
  })

  test('a peer that reads nothing, and so sees no ping, is cut', async () => {
    const clock = new ManualClock()
    const server = await serveOne(
      async ({ socket }) => {
        for (;;) await socket.send(new Uint8Array(65_536))
      },
      { clock },
    )
    await upgrade(server, '/')
    await until(
      () => serverSides(server.port).some((socket) => socket.writableLength > 64 * 1024),
      'it stalls',
    )
    clock.advance(40_000)
    await until(() => server.outcome.ended === true, 'the handler learns')
  })

  test('no timer is left when the last socket is closed', async () => {
    const clock = new ManualClock()
    const server = await idle(clock)
    const peers = [await connect(server, '/'), await connect(server, '/')]
    expect(clock.pending).toBe(1)
    for (const peer of peers) {
      peer.ws.close()
      await peer.ended()
    }
    await until(() => clock.pending === 0, 'no timer is left')
    await connect(server, '/')
    expect(clock.pending).toBe(1)
  })

  test('pings of the peer are answered', async () => {
    const peer = await connect(await idle(new ManualClock()), '/')
    peer.ws.ping('payload')
    expect(String((await once(peer.ws, 'pong'))[0])).toBe('payload')
  })
})

describe('shutdown', () => {
  test('app.close() closes with 1012, and every wait of the handlers rejects with the reason', async () => {
    const reasons: unknown[] = []
    const note = (error: unknown) => reasons.push((error as StreamCancelled).reason)
    const server = await serve((app) => {
      app.websocket('/sleep', {}, ({ sleep }) => sleep(60_000).catch(note))
      app.websocket('/signal', {}, async ({ signal, socket }) => {
        await once(signal, 'abort')
        note(signal.reason)
        await socket.send('too late').catch(note)
      })
      app.websocket('/send', {}, async ({ socket }) => {
        for (;;) await socket.send(new Uint8Array(65_536))
      })
      app.websocket('/read', {}, async ({ socket }) => {
        for await (const _ of socket);
        reasons.push('loop ended')
      })
    })
    const paths = ['/sleep', '/signal', '/read']
    const peers = await Promise.all(paths.map((path) => connect(server, path)))
    await upgrade(server, '/send') // stalls
    await wait(50)
    const from = performance.now()
    await server.app.close({ grace: 300 })
    expect(performance.now() - from).toBeLessThan(4000)
    for (const peer of peers)
      expect(await peer.ended()).toEqual({ code: 1012, reason: 'The server is shutting down.' })
    expect(reasons.sort()).toEqual(['loop ended', 'shutdown', 'shutdown', 'shutdown'])
    expect(server.errors()).toEqual([])
  })

  test('a peer that answers nothing does not hold up app.close() beyond the grace', async () => {
    const server = await serveOne(({ sleep }) => sleep(60_000))
    await upgrade(server, '/')
    const from = performance.now()
    await server.app.close({ grace: 100 })
    expect(performance.now() - from).toBeLessThan(4000)
    expect(server.outcome.thrown).toMatchObject({ reason: 'shutdown' })
  })

  test('a handshake that still waits for a dependency is ended too', async () => {
    let thrown: unknown
    const slow = dependency(async ({ sleep }) => sleep(60_000).catch((error: unknown) => (thrown = error)))
    const server = await serve((app) => app.websocket('/', { use: { slow } }, () => {}))
    const client = connect(server, '/').catch((error: unknown) => error)
    await wait(100)
    await server.app.close({ grace: 100 })
    expect(thrown).toMatchObject({ reason: 'shutdown' })
    await Promise.race([client, wait(100)])
  })

  test('known bad: a server of ws that is just closed leaves its sockets open', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    const peer = await connect(server.address() as { port: number }, '/')
    server.close()
    const result = await Promise.race([peer.closed, wait(300).then(() => 'still open')])
    expect(result).toBe('still open')
    for (const client of server.clients) client.terminate()
  })
})
