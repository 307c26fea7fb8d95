/** Reading from a socket: at the handler's pace, to the last message, and not at all. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  connect,
  ManualClock,
  type Peer,
  serve,
  serveOne,
  until,
  upgrade,
  wait,
  type Context,
} from './scene.ts'

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

test('the schema of a route applies to a handler that is far behind, too', async () => {
  const server = await serve((app) => {
    app.websocket('/', { receives: z.string().max(3) }, async ({ socket, sleep }) => {
      await sleep(50)
      for await (const message of socket) await socket.send(message)
    })
  })
  const peer = await connect(server, '/')
  for (const text of ['a', 'bb', 'four', 'c']) peer.send(text)
  expect(await peer.take(3)).toEqual(['a', 'bb', undefined])
  expect((await peer.ended()).code).toBe(1007)
})

describe('a handler that only sends learns that its peer is gone, within a second', () => {
  const quiet = (context: Context) => context.sleep(60_000)
  const signalled = ({ signal }: Context) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

  test.each<[string, (peer: Peer) => void]>([
    ['it closes', (peer) => peer.ws.close()],
    ['it is cut', (peer) => peer.ws.terminate()],
    [
      'after 50 messages it closes',
      (peer) => {
        for (let i = 0; i < 50; i++) peer.send('x')
        peer.ws.close()
      },
    ],
    [
      'after 5000 messages it closes',
      (peer) => {
        for (let i = 0; i < 5000; i++) peer.send('x')
        peer.ws.close()
      },
    ],
    [
      'after 20 MiB it closes',
      (peer) => {
        for (let i = 0; i < 20; i++) peer.send(Buffer.alloc(1024 * 1024))
        peer.ws.close()
      },
    ],
    [
      'after 20 MiB it is cut',
      (peer) => {
        for (let i = 0; i < 20; i++) peer.send(Buffer.alloc(1024 * 1024))
        setTimeout(() => peer.ws.terminate(), 50)
      },
    ],
  ])('%s', async (_, leave) => {
    for (const handler of [quiet, signalled]) {
      const server = await serveOne(handler)
      const peer = await connect(server, '/')
      leave(peer)
      const from = performance.now()
      await until(() => server.outcome.ended === true, 'the handler learns')
      // Half a second is the inbox's patience; the rest is the machine's. Without it, it takes 30 s.
      expect(performance.now() - from).toBeLessThan(5000)
      expect(server.outcome.thrown).toMatchObject({ name: 'StreamCancelled', reason: 'disconnect' })
    }
  })

  test('half a connection is closed: FIN without a close frame', async () => {
    const server = await serveOne(quiet)
    const raw = await upgrade(server, '/')
    raw.socket.end()
    await until(() => server.outcome.ended === true, 'the handler learns', 5000)
  })

  test('who begins to read after messages were dropped is told: no silent gap', async () => {
    const server = await serveOne(async ({ socket, sleep }) => {
      await sleep(1500)
      for await (const _ of socket);
    })
    const peer = await connect(server, '/')
    for (let i = 0; i < 10; i++) peer.send(Buffer.alloc(100_000))
    expect((await peer.ended()).code).toBe(1011)
    expect(server.errors()).toEqual([
      expect.stringMatching(/^10 messages were dropped.*Begin to iterate sooner/),
    ])
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
