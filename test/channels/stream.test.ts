/** Channels over HTTP: a client that leaves stops following, though nothing is ever published again. */
import { App, type Channel, channel, type Context, jsonl, reply, sse, text } from 'millrace'
import { connect } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { crashes, openTcp, serve, until } from '../websocket/scene.ts'

/** 50 ms is promised; the machine is small and shared. Without a cancel nothing here ends at all. */
const SOON = 2000

type Chat = Channel<string, string>

/** Every form in which a route may stream a channel. */
const FORMS: Record<string, (app: App, chat: Chat) => void> = {
  'the subscription itself': (app, chat) => app.get('/', { streams: text }, () => chat.subscribe()),
  'the subscription itself, as server-sent events': (app, chat) =>
    app.get('/', { streams: sse(z.string()) }, () => chat.subscribe({ replay: 1 })),
  'the subscription itself, as JSON Lines, by promise': (app, chat) =>
    app.get('/', { streams: jsonl(z.string()) }, async () => chat.subscribe()),
  'the subscription itself, undeclared': (app, chat) => app.get('/', () => chat.subscribe()),
  'the subscription in a reply': (app, chat) => app.get('/', () => reply.stream(chat.subscribe())),
  'a generator that delegates, with the signal': (app, chat) =>
    app.get('/', { streams: text }, async function* ({ signal }: Context) {
      yield* chat.subscribe({ signal })
    }),
  'a generator that loops, with the signal': (app, chat) =>
    app.get('/', { streams: text }, async function* ({ signal }: Context) {
      for await (const line of chat.subscribe({ signal })) yield line
    }),
  'a generator behind a middleware that transforms': (app, chat) => {
    app.get(
      '/',
      {
        streams: text,
        middleware: [
          async (_, next) =>
            (await next()).transform(async function* (chunks) {
              for await (const chunk of chunks) yield chunk
            }),
        ],
      },
      async function* ({ signal }: Context) {
        yield* chat.subscribe({ signal })
      },
    )
  },
}

describe.each(Object.entries(FORMS))('%s', (_, declare) => {
  const open = async () => {
    const chat = channel('chat', z.string())
    const server = await serve((app) => declare(app, chat))
    const raw = await openTcp(server)
    raw.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
    await until(() => chat.followers === 1, 'it follows')
    return { chat, raw, server }
  }

  test.each(['end', 'destroy', 'resetAndDestroy'] as const)(
    'nothing was published when the client leaves by %s',
    async (leave) => {
      const caught = crashes()
      const { chat, raw, server } = await open()
      raw.socket[leave]()
      await until(() => chat.followers === 0, 'nobody follows any more', SOON)
      expect([caught, server.errors(), server.log]).toEqual([[], [], []])
    },
  )

  test('something was', async () => {
    const { chat, raw, server } = await open()
    chat.publish('hello')
    expect(String(await raw.read((bytes) => bytes.includes('hello')))).toMatch(/^HTTP\/1\.1 200/)
    raw.socket.destroy()
    await until(() => chat.followers === 0, 'nobody follows any more', SOON)
    expect(server.log).toEqual([])
  })

  test('the server shuts down', async () => {
    const { chat, server } = await open()
    chat.publish('hello')
    const from = performance.now()
    await server.app.close({ grace: 15_000 })
    expect(chat.followers).toBe(0)
    expect(performance.now() - from).toBeLessThan(5000)
  })
})

test('in memory too', async () => {
  const chat = channel('chat', z.string(), { history: 5 })
  chat.publish('past')
  const app = new App()
  app.get('/', { streams: jsonl(z.string()) }, () => chat.subscribe({ replay: 1 }))
  const got = await connect(app).request('GET', '/')
  expect(await got.next()).toBe('"past"\n')
  chat.publish('now')
  expect(await got.next()).toBe('"now"\n')
  got.disconnect()
  await until(() => chat.followers === 0, 'nobody follows any more', SOON)
})

test('a follower over HTTP that is too slow is cut, and told apart from an end', async () => {
  const chat = channel('chat', z.string(), { history: 4 })
  const server = await serve((app) => app.get('/', { streams: jsonl(z.string()) }, () => chat.subscribe()))
  const raw = await openTcp(server)
  raw.socket.pause()
  raw.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
  await until(() => chat.followers === 1, 'it follows')
  for (let i = 0; i < 400 && chat.followers === 1; i++) {
    chat.publish(`${i}`.padEnd(100_000, 'x'))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  expect(chat.followers).toBe(0)
  raw.socket.on('data', (chunk: Buffer) => (raw.received = Buffer.concat([raw.received, chunk]))).resume()
  await raw.gone
  const tail = String(raw.received.subarray(-1000))
  expect(tail).toContain('"INTERNAL"')
  expect(tail).not.toMatch(/\r\n0\r\n\r\n$/)
  expect(server.errors()).toEqual([expect.stringContaining('history of 4')])
})

test('known bad: without the signal a generator goes on until the next publish, and is reported', async () => {
  const chat = channel('chat', z.string())
  const server = await serve(
    (app) => {
      app.get('/', { streams: text }, async function* () {
        yield* chat.subscribe()
      })
    },
    { unwindMs: 100 },
  )
  const raw = await openTcp(server)
  raw.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
  await until(() => chat.followers === 1, 'it follows')
  raw.socket.destroy()
  await until(() => server.log.some(({ level }) => level === 'warn'), 'it is reported')
  expect(chat.followers).toBe(1)
  chat.publish('wakes it')
  await until(() => chat.followers === 0, 'it unwinds')
})
