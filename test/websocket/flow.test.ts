/** The life of an open socket: reading, sending at the peer's pace, and every way to end. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type App, StreamCancelled } from 'millrace'
import { describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { z } from 'zod'
import {
  cleanUp, CLOSE, connect, frame, ManualClock, PING, type Peer, RawPeer, readFrames, serve, type Server, serverSides, TEXT, until, upgrade, wait, within,
} from './scene.ts'

type Handler = Parameters<typeof App.prototype.websocket<'/', {}>>[2]
type Context = Parameters<Handler>[0]

/** One route, whose handler is given; what it throws is kept. */
async function serveOne(handler: (context: Context) => unknown, options: Parameters<typeof serve>[1] = {}) {
  const outcome: { thrown?: unknown; ended?: boolean } = {}
  const server = await serve((app) => {
    app.websocket('/', {}, async (context) => {
      try {
        await handler(context)
      } catch (error) {
        outcome.thrown = error
        throw error
      } finally {
        outcome.ended = true
      }
    })
  }, options)
  return { ...server, outcome }
}

describe('reading', () => {
  test.each<[string, (peer: Peer) => void, number]>([
    ['close(1000)', (peer) => peer.ws.close(1000), 1000],
    ['close() without a code', (peer) => peer.ws.close(), 1005],
    ['a code of its own', (peer) => peer.ws.close(4001, 'bye'), 4001],
    ['a cut connection', (peer) => peer.ws.terminate(), 1006],
  ])('the loop ends without throwing at %s', async (_, leave, code) => {
    const got: unknown[] = []
    const server = await serveOne(async ({ socket }) => {
      for await (const message of socket) got.push(message)
      got.push(await socket.closed)
    })
    const peer = await connect(server, '/')
    peer.send('one')
    await until(() => got.length === 1, 'the message arrives')
    leave(peer)
    await until(() => server.outcome.ended === true, 'the loop ends')
    expect(got).toEqual(['one', { code, reason: code === 4001 ? 'bye' : '' }])
    expect(server.outcome.thrown).toBeUndefined()
    expect(server.errors()).toEqual([])
  })

  test('messages received before the peer closed are still delivered', async () => {
    const got: unknown[] = []
    const server = await serveOne(async ({ socket }) => {
      await socket.closed
      for await (const message of socket) got.push(message)
    })
    const peer = await connect(server, '/')
    for (let i = 0; i < 100; i++) peer.send(`m${i}`)
    peer.ws.close()
    await until(() => server.outcome.ended === true, 'the handler ends')
    expect(got).toEqual(Array.from({ length: 100 }, (_, i) => `m${i}`))
  })

  test('iterating after the end ends at once; leaving a loop and beginning another one loses nothing', async () => {
    const got: unknown[] = []
    const server = await serveOne(async ({ socket }) => {
      for await (const message of socket) {
        got.push(message)
        break
      }
      await wait(20)
      for await (const message of socket) got.push(message)
      for await (const message of socket) got.push(message)
    })
    const peer = await connect(server, '/')
    for (const text of ['a', 'b', 'c']) peer.send(text)
    peer.ws.close()
    await until(() => server.outcome.ended === true, 'the handler ends')
    expect(got).toEqual(['a', 'b', 'c'])
  })

  test('two loops at once are a mistake that is told', async () => {
    const server = await serveOne(async ({ socket }) => {
      const first = (async () => {
        for await (const _ of socket);
      })()
      await wait(5)
      for await (const _ of socket);
      await first
    })
    expect((await (await connect(server, '/')).ended()).code).toBe(1011)
    expect(server.errors()).toEqual([expect.stringContaining('Read in one place')])
  })

  test('a slow reader makes the peer wait, and loses nothing', async () => {
    const chunk = Buffer.alloc(64 * 1024)
    let got = 0
    let go = () => {}
    const gate = new Promise<void>((resolve) => (go = resolve))
    const server = await serveOne(async ({ socket }) => {
      for await (const _ of socket) {
        if (got++ === 0) await gate
      }
    })
    const peer = await connect(server, '/')
    const count = 800 // 50 MiB
    for (let i = 0; i < count; i++) peer.send(chunk)
    peer.ws.close()
    await wait(300)
    const stuck = peer.ws.bufferedAmount
    expect(stuck).toBeGreaterThan(25 * 1024 * 1024) // the rest is in the kernel, and some of it here
    await wait(200)
    expect(peer.ws.bufferedAmount).toBe(stuck)
    go()
    await until(() => server.outcome.ended === true, 'the loop ends', 10_000)
    expect(got).toBe(count)
  })

  test('a reader that is slow for minutes is not mistaken for a dead peer', async () => {
    const clock = new ManualClock()
    let go = () => {}
    const gate = new Promise<void>((resolve) => (go = resolve))
    let got = 0
    const server = await serveOne(
      async ({ socket }) => {
        for await (const _ of socket) if (got++ === 0) await gate
      },
      { clock },
    )
    const peer = await connect(server, '/')
    for (let i = 0; i < 64; i++) peer.send(Buffer.alloc(64 * 1024))
    peer.ws.close()
    await until(() => got === 1, 'the loop begins')
    await wait(100)
    for (let i = 0; i < 10; i++) {
      clock.advance(20_000)
      await wait(5)
    }
    go()
    await until(() => server.outcome.ended === true, 'the loop ends')
    expect(got).toBe(64)
  })
})

describe('sending', () => {
  /** Sends 64 KiB messages in a loop; `awaited` or not. */
  async function flood(awaited: boolean) {
    const chunk = new Uint8Array(64 * 1024)
    const state = { sent: 0 }
    const server = await serveOne(async ({ socket }) => {
      for (;;) {
        const sent = socket.send(chunk)
        if (awaited) await sent
        else await new Promise((resolve) => setImmediate(resolve))
        state.sent += chunk.byteLength
      }
    })
    const raw = await upgrade(server, '/')
    const queued = () => Math.max(0, ...serverSides(server.port).map((socket) => socket.writableLength))
    return { server, raw, state, queued }
  }
  const BOUND = 64 * 1024 + 64 * 1024 + 16 // the mark, and the message that crossed it

  test('waits for a slow peer: what is queued stays within 64 KiB and one message', async () => {
    const { raw, state, queued, server } = await flood(true)
    let most = 0
    for (let i = 0; i < 50; i++) {
      most = Math.max(most, queued())
      await wait(10)
    }
    expect(most).toBeLessThanOrEqual(BOUND)
    const stuckAt = state.sent
    await wait(200)
    expect(state.sent).toBe(stuckAt)
    expect(server.outcome.ended).toBeUndefined()
    raw.socket.resume()
    await until(() => state.sent > stuckAt + 10 * 1024 * 1024, 'it goes on when the peer reads')
  })

  test('known bad: without the await the same assertion fails, and the peer is cut at 16 MiB', async () => {
    const { state, queued, server } = await flood(false)
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, queued())), 1)
    cleanUp(() => clearInterval(watch))
    await until(() => server.errors().length > 0, 'the queue is cut', 15_000)
    expect(most).toBeGreaterThan(BOUND)
    expect(most).toBeLessThan(17 * 1024 * 1024)
    expect(server.errors()).toEqual([expect.stringContaining('Await every send()')])
    const sent = state.sent
    await wait(50)
    expect(queued()).toBeLessThan(17 * 1024 * 1024)
    expect(sent).toBeGreaterThan(16 * 1024 * 1024)
  })

  test('a send that waits is rejected when the peer goes away', async () => {
    const { raw, state, server } = await flood(true)
    await until(() => serverSides(server.port).some((socket) => socket.writableLength > 64 * 1024), 'it waits')
    const stuckAt = state.sent
    raw.socket.resetAndDestroy()
    await until(() => server.outcome.ended === true, 'the handler ends')
    expect(server.outcome.thrown).toBeInstanceOf(StreamCancelled)
    expect(server.outcome.thrown).toMatchObject({ reason: 'disconnect' })
    expect(state.sent).toBeLessThanOrEqual(stuckAt + 64 * 1024)
    expect(server.errors()).toEqual([])
  })

  test('send after the peer is gone throws StreamCancelled, and unawaited ones do no harm', async () => {
    const thrown: unknown[] = []
    const server = await serveOne(async ({ socket }) => {
      await socket.closed
      void socket.send('nobody hears')
      for (const message of ['one', { two: 2 }]) thrown.push(await socket.send(message).catch((error: unknown) => error))
      await socket.send('three')
    })
    const peer = await connect(server, '/')
    peer.ws.terminate()
    await until(() => server.outcome.ended === true, 'the handler ends')
    expect([...thrown, server.outcome.thrown]).toEqual(Array(3).fill(expect.any(StreamCancelled)))
    expect(server.errors()).toEqual([])
  })

  test('send after the handler itself has closed throws too', async () => {
    const server = await serveOne(async ({ socket }) => {
      socket.close(3000)
      await socket.send('late')
    })
    expect((await (await connect(server, '/')).ended()).code).toBe(3000)
    expect(server.outcome.thrown).toBeInstanceOf(StreamCancelled)
    expect(server.errors()).toEqual([])
  })

  test('much data and then the end: the peer gets all of it, and a proper close', async () => {
    const server = await serveOne(async ({ socket }) => {
      for (let i = 0; i < 200; i++) await socket.send(new Uint8Array(100_000).fill(i))
    })
    const peer = await connect(server, '/')
    peer.stall()
    await wait(200)
    peer.ws.resume()
    for (let i = 0; i < 200; i++) {
      const bytes = (await peer.next()) as Buffer
      expect([bytes.length, bytes[0], bytes[99_999]]).toEqual([100_000, i, i])
    }
    expect(await peer.ended()).toEqual({ code: 1000, reason: '' })
  })

  test('what is sent in one turn leaves together', async () => {
    const server = await serveOne(async ({ socket }) => {
      for (let i = 0; i < 100; i++) await socket.send(`message ${i}`)
    })
    const peer = await upgrade(server, '/')
    const chunks: Buffer[] = [peer.received]
    peer.socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    await until(() => readFrames(Buffer.concat(chunks)).some(({ opcode }) => opcode === 8), 'the close arrives')
    expect(readFrames(Buffer.concat(chunks)).filter(({ opcode }) => opcode === 1)).toHaveLength(100)
    expect(chunks.length).toBeLessThan(20)
  })

  test('a handler that sends without end to a fast peer does not starve the others', async () => {
    // Small enough that the kernel takes all that is queued at once, and the sender never has to wait.
    const chunk = 'x'.repeat(200)
    const server = await serve((app) => {
      app.websocket('/flood', {}, async ({ socket }) => {
        for (;;) await socket.send(chunk)
      })
      app.get('/ping', () => 'pong')
    })
    // A process of its own reads as fast as it can.
    const reader = fork(new URL('flood-reader.mjs', import.meta.url), [String(server.port)])
    cleanUp(() => reader.kill())
    await once(reader, 'message')
    const late: number[] = []
    for (let i = 0; i < 20; i++) {
      const from = performance.now()
      await new Promise((resolve) => setImmediate(resolve))
      late.push(performance.now() - from)
      await wait(5)
    }
    expect(await (await fetch(`http://127.0.0.1:${server.port}/ping`)).text()).toBe('pong')
    expect(late.sort((a, b) => a - b)[10]).toBeLessThan(100)
  })

  test('the first message does not wait for the second', async () => {
    const server = await serveOne(async ({ socket, sleep }) => {
      await socket.send('at once')
      await sleep(60_000)
    })
    expect(await (await connect(server, '/')).next()).toBe('at once')
  })
})

describe('reading and writing at the same time', () => {
  test('one writes by the clock, one reads; both see the end', async () => {
    const got: unknown[] = []
    let writerEnded: unknown
    const server = await serveOne(async ({ socket, sleep }) => {
      const writer = (async () => {
        for (let i = 0; ; i++) {
          await socket.send(`tick ${i}`)
          await sleep(5)
        }
      })().catch((error: unknown) => (writerEnded = error))
      for await (const message of socket) got.push(message)
      await writer
    })
    const peer = await connect(server, '/')
    for (let i = 0; i < 20; i++) {
      peer.send(`m${i}`)
      expect(await peer.next()).toBe(`tick ${i}`)
    }
    peer.ws.close()
    await until(() => server.outcome.ended === true, 'the handler ends')
    expect(got).toHaveLength(20)
    expect(writerEnded).toBeInstanceOf(StreamCancelled)
  })

  test('many sockets at once do not mix their messages', async () => {
    const server = await serveOne(async ({ socket }) => {
      for await (const message of socket) await socket.send(message)
    })
    const peers = await Promise.all(Array.from({ length: 30 }, () => connect(server, '/')))
    await Promise.all(
      peers.map(async (peer, n) => {
        for (let i = 0; i < 50; i++) peer.send(`${n}:${i}`)
        expect(await peer.take(50)).toEqual(Array.from({ length: 50 }, (_, i) => `${n}:${i}`))
      }),
    )
  })
})

describe('closing', () => {
  test('the handler returns: 1000', async () => {
    const server = await serveOne(() => {})
    expect(await (await connect(server, '/')).ended()).toEqual({ code: 1000, reason: '' })
  })

  test.each([
    ['throws', () => { throw new Error('a secret') }],
    ['rejects', async () => { await wait(5); throw new Error('a secret') }],
    ['throws no error', () => { throw 'a secret' }],
  ])('the handler %s: 1011, logged with its route, and nothing of it told', async (_, handler) => {
    const server = await serveOne(handler)
    const { code, reason } = await (await connect(server, '/')).ended()
    expect([code, reason]).toEqual([1011, 'Internal error'])
    expect(server.errors()).toEqual(['a secret'])
    expect(server.log[0]?.fields['route']).toBe('/')
  })

  test('observers are told of it once', async () => {
    const told: unknown[] = []
    const server = await serveOne(() => { throw new Error('broke') }, { observers: [{ error: (request, error) => told.push(request.route, error) }] })
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

  test.each([999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, Number.NaN])('%d cannot be closed with', async (code) => {
    const server = await serveOne(({ socket }) => socket.close(code))
    expect((await (await connect(server, '/')).ended()).code).toBe(1011)
    expect(server.outcome.thrown).toBeInstanceOf(RangeError)
  })

  test('a reason of 124 bytes is refused, one of 123 is sent', async () => {
    const server = await serveOne(({ socket }) => {
      expect(() => socket.close(1000, `${'ü'.repeat(61)}xx`)).toThrow(RangeError)
      socket.close(1000, `${'ü'.repeat(61)}x`)
    })
    expect((await (await connect(server, '/')).ended()).reason).toBe(`${'ü'.repeat(61)}x`)
  })

  test('with a peer that keeps sending: the close is still completed', async () => {
    const server = await serveOne(() => {})
    const peer = await connect(server, '/')
    peer.ws.pause()
    for (let i = 0; i < 50; i++) peer.send(Buffer.alloc(100_000))
    peer.ws.resume()
    expect(await peer.ended()).toEqual({ code: 1000, reason: '' })
  })

  test('a peer that does not answer the close is cut', async () => {
    const server = await serveOne(() => {})
    const raw = await upgrade(server, '/')
    raw.socket.resume()
    await within(raw.gone, 'the connection is cut', 7000)
  }, 10_000)
})

describe('a handler that only sends learns that its peer is gone, within a second', () => {
  const quiet = (context: Context) => context.sleep(60_000)
  const signalled = ({ signal }: Context) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

  test.each<[string, (peer: Peer) => void]>([
    ['it closes', (peer) => peer.ws.close()],
    ['it is cut', (peer) => peer.ws.terminate()],
    ['after 50 messages it closes', (peer) => {
      for (let i = 0; i < 50; i++) peer.send('x')
      peer.ws.close()
    }],
    ['after 5000 messages it closes', (peer) => {
      for (let i = 0; i < 5000; i++) peer.send('x')
      peer.ws.close()
    }],
    ['after 20 MiB it closes', (peer) => {
      for (let i = 0; i < 20; i++) peer.send(Buffer.alloc(1024 * 1024))
      peer.ws.close()
    }],
    ['after 20 MiB it is cut', (peer) => {
      for (let i = 0; i < 20; i++) peer.send(Buffer.alloc(1024 * 1024))
      setTimeout(() => peer.ws.terminate(), 50)
    }],
  ])('%s', async (_, leave) => {
    for (const handler of [quiet, signalled]) {
      const server = await serveOne(handler)
      const peer = await connect(server, '/')
      leave(peer)
      const from = performance.now()
      await until(() => server.outcome.ended === true, 'the handler learns', 5000)
      // Half a second is the inbox's patience; the machine is small.
      expect(performance.now() - from).toBeLessThan(1500)
      expect(server.outcome.thrown).toMatchObject({ name: 'StreamCancelled', reason: 'disconnect' })
    }
  })

  test('half a connection is closed: FIN without a close frame', async () => {
    const server = await serveOne(quiet)
    const raw = await upgrade(server, '/')
    raw.socket.end()
    await until(() => server.outcome.ended === true, 'the handler learns', 1500)
  })

  test('who begins to read after messages were dropped is told: no silent gap', async () => {
    const server = await serveOne(async ({ socket, sleep }) => {
      await sleep(1500)
      for await (const _ of socket);
    })
    const peer = await connect(server, '/')
    for (let i = 0; i < 10; i++) peer.send(Buffer.alloc(100_000))
    expect((await peer.ended()).code).toBe(1011)
    expect(server.errors()).toEqual([expect.stringMatching(/^10 messages were dropped.*Begin to iterate sooner/)])
  })

  test('who begins to read late, but in time or for little, loses nothing', async () => {
    const clock = new ManualClock()
    const got: unknown[] = []
    const server = await serveOne(
      async ({ socket }) => {
        await wait(200)
        for await (const message of socket) got.push((message as Uint8Array).byteLength)
      },
      { clock },
    )
    const peer = await connect(server, '/')
    for (let i = 0; i < 40; i++) peer.send(Buffer.alloc(100_000))
    clock.advance(499)
    peer.ws.close()
    await until(() => server.outcome.ended === true, 'the loop ends')
    expect(got).toEqual(Array(40).fill(100_000))
  })
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
    expect(readFrames(received).map(({ opcode, payload }) => [opcode, String(payload)])).toEqual([[10, 'hi'], [1, '1']])
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

  test('a peer that reads nothing, and so sees no ping, is cut', async () => {
    const clock = new ManualClock()
    const server = await serveOne(async ({ socket }) => {
      for (;;) await socket.send(new Uint8Array(65_536))
    }, { clock })
    await upgrade(server, '/')
    await until(() => serverSides(server.port).some((socket) => socket.writableLength > 64 * 1024), 'it stalls')
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
    expect(performance.now() - from).toBeLessThan(2000)
    for (const peer of peers) expect(await peer.ended()).toEqual({ code: 1012, reason: 'The server is shutting down.' })
    expect(reasons.sort()).toEqual(['loop ended', 'shutdown', 'shutdown', 'shutdown'])
    expect(server.errors()).toEqual([])
  })

  test('a peer that answers nothing does not hold up app.close() beyond the grace', async () => {
    const server = await serveOne(({ sleep }) => sleep(60_000))
    await upgrade(server, '/')
    const from = performance.now()
    await server.app.close({ grace: 100 })
    expect(performance.now() - from).toBeLessThan(1000)
    expect(server.outcome.thrown).toMatchObject({ reason: 'shutdown' })
  })

  test('a handshake that still waits for a dependency is ended too', async () => {
    const { dependency } = await import('millrace')
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

test('the schema of a route applies to a handler that is far behind, too', async () => {
  const server: Server = await serve((app) => {
    app.websocket('/', { receives: z.string().max(3) }, async ({ socket, sleep }) => {
      await sleep(50)
      for await (const message of socket) await socket.send(message)
    })
  })
  const peer = await connect(server, '/')
  for (const text of ['a', 'bb', 'four', 'c']) peer.send(text)
  expect(await peer.take(3)).toEqual(['a', 'bb', undefined])
  expect((await peer.ended()).code).toBe(1007)
  expect(RawPeer).toBeDefined()
})
