/** What belongs to a socket: how long it lives, in which order it is released, and what it is told. */
import { dependency, type Ending, StreamCancelled } from 'millrace'
import { expect, test } from 'vitest'
import { App } from '../../src/app.ts'
import { Cancellation } from '../../src/core/lifetime/cancellation.ts'
import type { Reply } from '../../src/core/reply/reply.ts'
import { connect, serve, until, wait } from './scene.ts'

/** A dependency that writes down what happens to it. */
function traced(events: string[], name: string, scope: 'request' | 'handler' = 'request') {
  return dependency({ scope }, async function* () {
    events.push(`open ${name}`)
    try {
      yield name
      events.push(`commit ${name}`)
    } catch (error) {
      events.push(
        `rollback ${name}: ${error instanceof StreamCancelled ? error.reason : (error as Error).message}`,
      )
    } finally {
      events.push(`close ${name}`)
    }
  })
}

/** Two dependencies, one handler; gives what happened, in order. */
async function scenario(
  handler: (
    socket: AsyncIterable<unknown> & { closed: Promise<unknown>; close(code?: number): void },
    sleep: (ms: number) => Promise<void>,
  ) => unknown,
  act: (peer: Awaited<ReturnType<typeof connect>>) => unknown,
) {
  const events: string[] = []
  let ending: Ending | undefined
  const server = await serve((app) => {
    const use = { a: traced(events, 'a'), h: traced(events, 'h', 'handler'), b: traced(events, 'b') }
    app.websocket('/', { use }, async ({ socket, after, sleep }) => {
      after((end) => (ending = end))
      try {
        await handler(socket as never, sleep)
      } finally {
        events.push('handler ended')
        void socket.closed.then(() => events.push('socket closed'))
      }
    })
  })
  await act(await connect(server, '/'))
  await until(() => ending !== undefined, 'everything is released')
  return { events, outcome: ending!.outcome, errors: server.errors() }
}
const reading = async (socket: AsyncIterable<unknown>) => {
  for await (const _ of socket);
}

test('a socket that both sides end well: committed in reverse, when it is closed', async () => {
  const { events, outcome, errors } = await scenario(reading, (peer) => peer.ws.close(1000))
  expect(events).toEqual([
    'open a',
    'open h',
    'open b',
    'handler ended',
    'socket closed',
    'commit h',
    'close h',
    'commit b',
    'close b',
    'commit a',
    'close a',
  ])
  expect([outcome, errors]).toEqual(['complete', []])
})

test('request scope lives on while the socket is still open after the handler has returned', async () => {
  const { events } = await scenario(
    () => {},
    async (peer) => {
      peer.ws.pause() // does not see the close, and so does not answer it
      await wait(100)
      peer.ws.resume()
    },
  )
  expect(events.indexOf('close h')).toBeLessThan(events.indexOf('socket closed'))
  expect(events.indexOf('commit b')).toBeGreaterThan(events.indexOf('socket closed'))
})

test('a handler that throws: told of its error', async () => {
  const { events, outcome, errors } = await scenario(
    () => {
      throw new Error('broke')
    },
    (peer) => peer.ended(),
  )
  expect(events.filter((each) => each.startsWith('rollback'))).toEqual([
    'rollback h: broke',
    'rollback b: broke',
    'rollback a: broke',
  ])
  expect([outcome, errors]).toEqual(['error', ['broke']])
})

test('a peer that vanishes: told that it was a disconnect', async () => {
  const { events, outcome, errors } = await scenario(
    (_, sleep) => sleep(60_000),
    (peer) => peer.ws.terminate(),
  )
  expect(events.filter((each) => each.startsWith('rollback'))).toEqual([
    'rollback h: disconnect',
    'rollback b: disconnect',
    'rollback a: disconnect',
  ])
  expect([outcome, errors]).toEqual(['disconnect', []])
})

test('a handler that is cut short by a polite close did not complete either', async () => {
  const { outcome, errors } = await scenario(
    (_, sleep) => sleep(60_000),
    (peer) => peer.ws.close(1000),
  )
  expect([outcome, errors]).toEqual(['disconnect', []])
})

test('what made an AbortError of the signal is no error either', async () => {
  const server = await serve((app) => {
    app.websocket('/', {}, async ({ signal }) => {
      const { setTimeout: sleep } = await import('node:timers/promises')
      await sleep(60_000, undefined, { signal })
    })
  })
  const peer = await connect(server, '/')
  peer.ws.terminate()
  await server.app.close()
  expect(server.errors()).toEqual([])
})

test('after() callbacks run also without any dependency, and are told what went over the wire', async () => {
  const endings: Ending[] = []
  const server = await serve((app) => {
    app.websocket('/', {}, async ({ socket, after }) => {
      after((ending) => endings.push(ending))
      await socket.send('grün')
      await socket.send(new Uint8Array(300))
    })
  })
  await (await connect(server, '/')).ended()
  await until(() => endings.length > 0, 'after() ran')
  expect(endings).toEqual([{ outcome: 'complete', bytes: 305, items: 2, durationMs: expect.any(Number) }])
})

test('a handler that never unwinds is reported with its route, and its dependencies are released all the same', async () => {
  const events: string[] = []
  const server = await serve(
    (app) => {
      app.websocket('/stuck', { use: { a: traced(events, 'a') } }, () => new Promise(() => {}))
    },
    { unwindMs: 50 },
  )
  const peer = await connect(server, '/stuck')
  peer.ws.close()
  await until(() => events.includes('close a'), 'the dependency is released')
  expect(server.log).toMatchObject([{ level: 'warn', fields: { route: '/stuck' } }])
  expect(events).toEqual(['open a', 'rollback a: disconnect', 'close a'])
})

test('app.close() waits for handlers and their cleanup before it ends the lifespan', async () => {
  const events: string[] = []
  const server = await serve(
    (app) => {
      app.websocket('/', { use: { a: traced(events, 'a') } }, async ({ socket }) => {
        try {
          for await (const _ of socket);
        } finally {
          await wait(100)
          events.push('handler ended')
        }
      })
    },
    {
      lifespan: async function* () {
        yield
        events.push('lifespan ended')
      },
    },
  )
  await connect(server, '/')
  await server.app.close()
  expect(events).toEqual(['open a', 'handler ended', 'rollback a: shutdown', 'close a', 'lifespan ended'])
})

test('on any transport: a socket that is closed cancels its request, and a cancelled request closes its socket', async () => {
  const app = new App()
  const reasons: unknown[] = []
  app.websocket('/', {}, ({ sleep }) =>
    sleep(60_000).catch((error: { reason: string }) => reasons.push(error.reason)),
  )
  /** The least that a transport can do. */
  const run = (cancellation: Cancellation, act: (close: (code: number) => void) => void) => {
    const reply = app.handle({
      method: 'GET',
      target: '/',
      headers: {},
      body: null,
      peer: { address: undefined, port: undefined, encrypted: false },
      protocol: 'websocket',
      cancellation,
    }) as Reply
    let close = (_code: number) => {}
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      close = (code) => resolve({ code, reason: '' })
    })
    if (reply.body.kind !== 'upgrade') throw new Error('no upgrade')
    const ending = reply.body.run({
      open: true,
      send: () => {},
      close: (code) => close(code),
      incoming: (async function* () {})(),
      buffered: 0,
      drained: () => undefined,
      closed,
    })
    act(close)
    return Promise.all([ending, closed.then(({ code }) => code)])
  }
  const shut = new Cancellation()
  expect(await run(shut, () => shut.cancel('shutdown'))).toEqual([{ outcome: 'shutdown' }, 1012])
  expect(await run(new Cancellation(), (close) => close(1006))).toEqual([{ outcome: 'disconnect' }, 1006])
  expect(reasons).toEqual(['shutdown', 'disconnect'])
})
