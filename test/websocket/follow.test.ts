/** Sockets that follow channels: framed once, in one order, and a slow peer is nobody else's problem. */
import { channel } from 'millrace'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  cleanUp,
  connect,
  type Context,
  crashes,
  readFrames,
  serve,
  serverSides,
  until,
  upgrade,
  wait,
} from './scene.ts'

type Followable = Parameters<Context['socket']['follow']>[0]

/** A route whose sockets follow a channel until they close. */
const following = (followed: Followable, replay = 0) =>
  serve((app) => {
    app.websocket('/', {}, async ({ socket }) => {
      socket.follow(followed, { replay })
      for await (const _ of socket);
    })
  })

test('every follower gets every entry, in the same order, and each is encoded once', async () => {
  let encoded = 0
  const chat = channel(
    'chat',
    z.object({ n: z.number() }).transform(({ n }) => ({ toJSON: () => [++encoded, n][1] })),
  )
  const server = await following(chat)
  const peers = await Promise.all(Array.from({ length: 50 }, () => connect(server, '/')))
  await until(() => chat.followers === 50, 'all follow')
  for (let n = 0; n < 200; n++) {
    chat.publish({ n })
    if (n % 7 === 0) await wait(0)
  }
  const all = Array.from({ length: 200 }, (_, n) => String(n))
  for (const peer of peers) expect(await peer.take(200)).toEqual(all)
  expect(encoded).toBe(200)
})

test('known bad: a loop over the sockets encodes for each of them', async () => {
  let encoded = 0
  const sockets = new Set<{ send(message: unknown): Promise<void> }>()
  const server = await serve((app) => {
    app.websocket('/', {}, async ({ socket }) => {
      sockets.add(socket)
      for await (const _ of socket);
    })
  })
  const peers = await Promise.all(Array.from({ length: 5 }, () => connect(server, '/')))
  await until(() => sockets.size === 5, 'all are there')
  for (const socket of sockets) await socket.send({ toJSON: () => ++encoded })
  for (const peer of peers) await peer.next()
  expect(encoded).toBe(5)
})

test('strings, bytes and JSON of every size arrive as what they are', async () => {
  const mixed = channel('mixed', z.any())
  const peer = await connect(await following(mixed), '/')
  await until(() => mixed.followers === 1, 'it follows')
  const values = [
    '',
    'grün',
    'x'.repeat(200),
    'y'.repeat(100_000),
    new Uint8Array([1, 2]),
    new Uint8Array(70_000).fill(7),
    { a: [1] },
    null,
    5,
  ]
  for (const value of values) mixed.publish(value)
  for (const value of values) {
    const got = await peer.next()
    if (value instanceof Uint8Array) expect(Buffer.from(value).equals(got as Buffer)).toBe(true)
    else expect(got).toBe(typeof value === 'string' ? value : JSON.stringify(value))
  }
})

test('late joiners get the replay and then the rest, without a seam', async () => {
  const chat = channel('chat', z.number(), { history: 10 })
  const server = await following(chat, 3)
  for (let n = 0; n < 20; n++) chat.publish(n)
  const joining = connect(server, '/')
  await until(() => chat.followers === 1, 'it follows')
  chat.publish(20)
  expect(await (await joining).take(4)).toEqual(['17', '18', '19', '20'])
})

test('following ends when the socket closes, however that comes about, and when it is left', async () => {
  const chat = channel('chat', z.string())
  const other = channel('other', z.string())
  const server = await serve((app) => {
    app.websocket('/', {}, async ({ socket }) => {
      const leave = socket.follow(chat)
      socket.follow(other)
      for await (const message of socket) {
        if (message === 'leave') leave()
        else chat.publish(String(message))
      }
    })
  })
  const [a, b, c] = await Promise.all([connect(server, '/'), connect(server, '/'), connect(server, '/')])
  await until(() => chat.followers === 3 && other.followers === 3, 'all follow')
  a.send('leave')
  await until(() => chat.followers === 2, 'a left')
  b.send('hi')
  expect([await b.next(), await c.next()]).toEqual(['hi', 'hi'])
  b.ws.terminate()
  await until(() => chat.followers === 1, 'b is gone')
  c.ws.close()
  await until(() => chat.followers === 0 && other.followers === 1, 'c is gone')
  other.publish('still')
  expect(await a.next()).toBe('still')
  await server.app.close()
  expect(other.followers).toBe(0)
})

test('own messages and followed ones keep their order', async () => {
  const chat = channel('chat', z.string())
  const server = await serve((app) => {
    app.websocket('/', {}, async ({ socket }) => {
      await socket.send('before')
      socket.follow(chat)
      chat.publish('one')
      await socket.send('after')
      for await (const _ of socket);
    })
  })
  expect(await (await connect(server, '/')).take(3)).toEqual(['before', 'one', 'after'])
})

describe('a follower that is too slow', () => {
  const CHUNK = 'x'.repeat(64 * 1024)

  /** One peer that reads nothing and others that read everything; publishes until `done`. */
  async function scenario(slow: 'disconnect' | 'drop-oldest') {
    const chat = channel('chat', z.string(), { history: 8, slow })
    const endings: string[] = []
    const server = await serve((app) => {
      app.websocket('/', {}, async ({ socket, after }) => {
        after(({ outcome }) => endings.push(outcome))
        socket.follow(chat)
        for await (const _ of socket);
      })
    })
    const stuck = await upgrade(server, '/')
    const fast = await Promise.all(Array.from({ length: 3 }, () => connect(server, '/')))
    await until(() => chat.followers === 4, 'all follow')
    let most = 0
    const queued = () => Math.max(...serverSides(server.port).map((socket) => socket.writableLength))
    const publish = async (count: number) => {
      for (let n = 0; n < count; n++) {
        const message = `${n}:${CHUNK}`
        const from = performance.now()
        chat.publish(message)
        for (const peer of fast) expect(await peer.next()).toBe(message)
        expect(performance.now() - from).toBeLessThan(4000)
        most = Math.max(most, queued())
      }
    }
    return { chat, server, stuck, endings, publish, most: () => most }
  }

  test('disconnect: 1013, while the others get everything at once and its memory stays bounded', async () => {
    const { chat, server, stuck, endings, publish, most } = await scenario('disconnect')
    await publish(200)
    expect(chat.followers).toBe(3)
    expect(most()).toBeLessThanOrEqual(64 * 1024 + 3 * CHUNK.length)
    const received = await stuck.read((bytes) => String(bytes.subarray(-8)) === 'Too slow')
    const { opcode, payload } = readFrames(received).at(-1)!
    expect([opcode, payload.readUInt16BE()]).toEqual([8, 1013])
    stuck.socket.destroy()
    await until(() => endings.length === 1, 'its request ends')
    expect(endings).toEqual(['error'])
    expect(server.errors()).toEqual([])
  })

  test('drop-oldest: it misses some, and then goes on', async () => {
    const { chat, server, stuck, publish, most } = await scenario('drop-oldest')
    await publish(200)
    expect(chat.followers).toBe(4)
    expect(most()).toBeLessThanOrEqual(64 * 1024 + 3 * CHUNK.length)
    const received = await stuck.read((bytes) => bytes.includes('199:xxxx'))
    const numbers = readFrames(received).map(({ payload }) =>
      Number.parseInt(String(payload.subarray(0, 5)), 10),
    )
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(numbers.slice(-8)).toEqual([192, 193, 194, 195, 196, 197, 198, 199])
    expect(numbers.length).toBeLessThan(200)
    expect(server.errors()).toEqual([])
  })

  test('known bad: a loop that awaits nobody queues without that bound', async () => {
    const sockets = new Set<{ send(message: unknown): Promise<void> }>()
    const server = await serve((app) => {
      app.websocket('/', {}, async ({ socket }) => {
        sockets.add(socket)
        for await (const _ of socket);
      })
    })
    await upgrade(server, '/')
    await until(() => sockets.size === 1, 'it is there')
    let most = 0
    for (let n = 0; n < 200; n++) {
      for (const socket of sockets) void socket.send(CHUNK)
      await wait(1)
      most = Math.max(most, ...serverSides(server.port).map((socket) => socket.writableLength))
    }
    expect(most).toBeGreaterThan(64 * 1024 + 3 * CHUNK.length)
  })

  test('one that never reads again is let go of all the same', async () => {
    const { chat, publish, endings } = await scenario('disconnect')
    await publish(120)
    expect(chat.followers).toBe(3)
    await until(() => endings.length === 1, 'its connection is cut, and its request ends')
  }, 20_000)
})

describe('a channel that breaks', () => {
  /** A channel of somebody else's making. */
  const broken = (how: Partial<ReturnType<Followable['subscribe']>>): Followable => ({
    subscribe: () => ({
      take: () => undefined,
      onReady: undefined,
      closed: false,
      close: () => {},
      ...how,
    }),
  })
  const boom = () => {
    throw new Error('the channel broke')
  }

  test.each<[string, Followable]>([
    ['take throws', broken({ take: boom })],
    [
      'take throws later',
      (() => {
        const chat = broken({})
        return {
          subscribe: () => {
            const made = chat.subscribe()
            setTimeout(() => {
              made.take = boom
              made.onReady?.()
            }, 20)
            return made
          },
        }
      })(),
    ],
    ['subscribe throws', { subscribe: boom }],
    [
      'an entry cannot be encoded',
      (() => {
        const chat = channel('chat', z.any(), { history: 1 })
        const loop: { self?: unknown } = {}
        loop.self = loop
        chat.publish(loop)
        return chat
      })(),
    ],
  ])('%s: 1011, logged, and nothing unhandled', async (_, followed) => {
    const caught = crashes()
    const server = await following(followed, 1)
    expect((await (await connect(server, '/')).ended()).code).toBe(1011)
    expect(server.errors()).toEqual([expect.stringMatching(/the channel broke|circular/)])
    await wait(10)
    expect(caught).toEqual([])
  })

  test('close throws: logged, and the socket ends as it would', async () => {
    const caught = crashes()
    const server = await following(broken({ close: boom }))
    const peer = await connect(server, '/')
    peer.ws.close(1000)
    expect((await peer.ended()).code).toBe(1000)
    await until(() => server.errors().length === 1, 'it is logged')
    expect(caught).toEqual([])
  })

  test('it fails while its follower waits for the peer: the follower learns, and no publisher', async () => {
    const chat = channel('chat', z.string(), { history: 2 })
    const server = await following(chat)
    await upgrade(server, '/')
    await until(() => chat.followers === 1, 'it follows')
    for (let n = 0; n < 2000 && chat.followers === 1; n++) {
      chat.publish('x'.repeat(100_000))
      await wait(0)
    }
    expect(chat.followers).toBe(0)
    expect(server.errors()).toEqual([])
  })
})

test('publishing to sockets that are going away harms nobody', async () => {
  const caught = crashes()
  const chat = channel('chat', z.number(), { history: 5000 })
  const server = await following(chat)
  const tick = setInterval(() => chat.publish(1), 1)
  cleanUp(() => clearInterval(tick))
  for (let round = 0; round < 5; round++) {
    const peers = await Promise.all(Array.from({ length: 20 }, () => connect(server, '/')))
    for (const [i, peer] of peers.entries()) {
      if (i % 2 === 0) peer.ws.terminate()
      else peer.ws.close()
    }
  }
  await until(() => chat.followers === 0, 'nobody follows any more')
  expect([caught, server.errors()]).toEqual([[], []])
})
