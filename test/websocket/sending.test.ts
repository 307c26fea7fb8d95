/** Sending to a socket, at the pace of its peer. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { StreamCancelled } from 'millrace'
import { describe, expect, test } from 'vitest'
import { cleanUp, connect, readFrames, serve, serveOne, serverSides, until, upgrade, wait } from './scene.ts'

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
    await until(
      () => serverSides(server.port).some((socket) => socket.writableLength > 64 * 1024),
      'it waits',
    )
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
      for (const message of ['one', { two: 2 }])
        thrown.push(await socket.send(message).catch((error: unknown) => error))
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
    await until(
      () => readFrames(Buffer.concat(chunks)).some(({ opcode }) => opcode === 8),
      'the close arrives',
    )
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
