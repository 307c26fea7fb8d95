/**
 * Known-bad controls: servers and transports that break a promise on purpose. A behaviour that does
 * not fail for them proves nothing.
 */
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { dependencyBehaviours } from './dependency-behaviours.ts'
import { disconnectBehaviours } from './disconnect-behaviours.ts'
import { endingBehaviours } from './ending-behaviours.ts'
import { hostileBehaviours } from './hostile-behaviours.ts'
import { lifetimeBehaviours } from './lifetime-behaviours.ts'
import {
  type Connect,
  fetchLink,
  type Link,
  type LinkReply,
  memoryLink,
  nodeLink,
  toLinkReply,
} from './link.ts'
import { pressureBehaviours } from './pressure-behaviours.ts'
import { CutError, RawConnection } from './raw-client.ts'
import { replyBehaviours } from './reply-behaviours.ts'
import { streamBehaviours } from './stream-behaviours.ts'
import { type Behaviour, expectCut, scene, within } from './transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** A server that answers every connection with these bytes. */
async function raw(answer: (socket: Socket) => void): Promise<LinkReply> {
  const server = createTcpServer((socket) => {
    cleanups.push(() => socket.destroy())
    socket.on('error', () => {})
    socket.once('data', () => answer(socket))
  })
  const connection = await RawConnection.open(await listening(server))
  cleanups.push(() => connection.destroy())
  const got = await connection.request('GET', '/')
  return toLinkReply({
    ...got,
    status: got.status,
    headers: got.headers,
    next: () => got.bytes(),
    disconnect() {},
  })
}

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n'
const LENGTH = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\none'

describe('the assertion for truthful endings', () => {
  test('passes for a chunked body without its last chunk, and for one that is shorter than its length', async () => {
    await expectCut(await raw((socket) => socket.end(CHUNKED)), 'one')
    await expectCut(await raw((socket) => socket.end(LENGTH)), 'one')
    await expectCut(await raw((socket) => socket.end(`${CHUNKED}6\r\ntw`)), 'one')
  })

  test('fails for a server that ends a failed stream cleanly', async () => {
    await expect(expectCut(await raw((socket) => socket.end(`${CHUNKED}0\r\n\r\n`)), 'one')).rejects.toThrow(
      /cleanly/,
    )
    const swallow: RequestListener = (_, response) => {
      void (async () => {
        try {
          response.write('one')
          throw new Error('failed')
        } catch {
          response.end()
        }
      })()
    }
    const server = createServer(swallow)
    const connection = await RawConnection.open(await listening(server))
    cleanups.push(() => connection.destroy())
    const got = await connection.request('GET', '/')
    const reply = toLinkReply({ status: 200, headers: {}, next: () => got.bytes(), disconnect() {} })
    await expect(expectCut(reply, 'one')).rejects.toThrow(/cleanly/)
  })

  test('fails for a server that lost what came before the cut', async () => {
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
    await expect(expectCut(await raw((socket) => socket.end(head)), 'one')).rejects.toThrow()
  })

  test('fails for a server that never ends', async () => {
    await expect(expectCut(await raw((socket) => socket.write(CHUNKED)), 'one')).rejects.toThrow(/Not within/)
  })
})

test('the raw client tells a cut from an end', async () => {
  await expect((await raw((socket) => socket.end(`${LENGTH}two`))).text()).resolves.toBe('onetwo')
  await expect((await raw((socket) => socket.end(LENGTH))).text()).rejects.toThrow(CutError)
  const closing = 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\none'
  await expect((await raw((socket) => socket.end(closing))).text()).resolves.toBe('one')
  const reset = await raw((socket) => {
    socket.write(closing)
    setTimeout(() => socket.resetAndDestroy(), 50)
  })
  await expect(reset.text()).rejects.toThrow(CutError)
})

/** A transport with its replies changed for the worse. */
function worse(connect: Connect, spoil: (got: LinkReply) => LinkReply | Promise<LinkReply>): Connect {
  return async (app) => {
    const link = await connect(app)
    const broken: Link = {
      request: async (...request) => spoil(await link.request(...request)),
      close: () => link.close(),
    }
    return broken
  }
}

const withNext = (got: LinkReply, next: LinkReply['next']): LinkReply => ({
  ...got,
  next,
  async text() {
    let text = ''
    for (let piece = await next(); piece !== undefined; piece = await next()) text += piece
    return text
  },
  async json() {
    return JSON.parse(await this.text()) as unknown
  },
})

const BAD: Record<string, Connect> = {
  'ends failed streams cleanly': worse(memoryLink, (got) =>
    withNext(got, () => got.next().catch(() => undefined)),
  ),
  'does not tell of clients that leave': worse(memoryLink, (got) => ({ ...got, disconnect() {} })),
  'collects the whole body first': worse(nodeLink, async (got) => {
    const pieces: string[] = []
    let failure: unknown
    try {
      for (let piece = await got.next(); piece !== undefined; piece = await got.next()) pieces.push(piece)
    } catch (error) {
      failure = error
    }
    return withNext(got, async () => {
      const piece = pieces.shift()
      if (piece === undefined && failure !== undefined) throw failure
      return piece
    })
  }),
  'reads ahead without a bound': worse(fetchLink, (got) => {
    const pieces: string[] = []
    const reading = (async () => {
      for (let piece = await got.next(); piece !== undefined; piece = await got.next()) {
        pieces.push(piece)
        // A bad transport, but not one that takes the machine with it.
        if (pieces.length > 2000) return
        if (pieces.length % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    reading.catch(() => {})
    return withNext(got, async () => {
      while (pieces.length === 0)
        await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, 1))])
      return pieces.shift()
    })
  }),
  'answers everything with 200': worse(memoryLink, (got) => ({ ...got, status: 200 })),
  'forgets headers': worse(memoryLink, (got) => ({ ...got, headers: {} })),
  'sends a body with HEAD and 204': worse(memoryLink, (got) =>
    withNext(
      got,
      (() => {
        let extra: string | undefined = 'extra'
        return async () => {
          const piece = extra ?? (await got.next())
          extra = undefined
          return piece
        }
      })(),
    ),
  ),
  'loses the last chunk': worse(memoryLink, (got) => {
    let held: string | undefined
    return withNext(got, async () => {
      held ??= await got.next()
      const following = held === undefined ? undefined : await got.next()
      const piece = following === undefined ? undefined : held
      held = following
      return piece
    })
  }),
}

const find = (list: readonly Behaviour[], name: string) => {
  const found = list.find((each) => each.name === name)
  if (found === undefined) throw new Error(`No behaviour is called "${name}".`)
  return found
}

const MUST_FAIL: readonly (readonly [string, Behaviour])[] = [
  [
    'ends failed streams cleanly',
    find(endingBehaviours, 'a stream that fails is cut, through no middleware'),
  ],
  [
    'ends failed streams cleanly',
    find(endingBehaviours, 'a stream that fails is cut, through ten middlewares'),
  ],
  [
    'ends failed streams cleanly',
    find(endingBehaviours, 'JSON Lines and events end with an error item, through no middleware'),
  ],
  [
    'ends failed streams cleanly',
    find(streamBehaviours, 'a stream that differs from its stated length is cut'),
  ],
  [
    'does not tell of clients that leave',
    find(disconnectBehaviours, 'disconnect while the generator sleeps, through no middleware'),
  ],
  [
    'does not tell of clients that leave',
    find(disconnectBehaviours, 'disconnect in ctx.on takes the listener away'),
  ],
  ['does not tell of clients that leave', find(disconnectBehaviours, 'disconnect in a blocked write')],
  [
    'does not tell of clients that leave',
    find(pressureBehaviours, 'nothing is left after many clients that left'),
  ],
  [
    'does not tell of clients that leave',
    find(dependencyBehaviours, 'a client that leaves rolls back a dependency of scope request'),
  ],
  [
    'does not tell of clients that leave',
    find(lifetimeBehaviours, 'after() is told how it ended: disconnect, with what had left'),
  ],
  [
    'collects the whole body first',
    find(streamBehaviours, 'each item arrives before the next one is produced'),
  ],
  [
    'reads ahead without a bound',
    find(pressureBehaviours, 'a reader that stops keeps an endless generator from producing'),
  ],
  [
    'answers everything with 200',
    find(endingBehaviours, 'an error before the first item is a real status, through no middleware'),
  ],
  ['answers everything with 200', find(hostileBehaviours, 'bad percent-encoding is a 400 in path and query')],
  ['forgets headers', find(replyBehaviours, 'an object is JSON, with its length')],
  [
    'sends a body with HEAD and 204',
    find(replyBehaviours, '204, 205 and 304 carry no body, whatever was given'),
  ],
  [
    'loses the last chunk',
    find(streamBehaviours, 'a long stream arrives whole, through microtask-only generators too'),
  ],
]

describe('a transport that breaks its promise fails the contract', () => {
  for (const [bad, behaviour] of MUST_FAIL) {
    test(`${bad}: "${behaviour.name}"`, async () => {
      const own: (() => Promise<void>)[] = []
      try {
        // A behaviour that hangs has not passed either.
        await expect(within(behaviour.run(scene(BAD[bad]!, own)), 'anything', 12_000)).rejects.toThrow()
      } finally {
        // Apps whose streams were never told to stop cannot close in order; they hold nothing but memory.
        for (const cleanup of own) void cleanup()
      }
    })
  }
})
