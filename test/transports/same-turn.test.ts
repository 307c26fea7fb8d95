/** No hidden buffering, measured where it counts: at the socket. */
import { channel } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { App, type Middleware, sse, text } from 'millrace'
import { afterEach, expect, test } from 'vitest'
import { RawConnection } from '../contract/raw-client.ts'
import { until, wait, within } from '../contract/transport.ts'

/** Counts turns of the event loop. */
let turn = 0
let counting = false
const count = () => {
  turn++
  if (counting) setImmediate(count)
}

/** In which turn body bytes were handed to the socket. */
const written = new Map<string, number>()
const watched = channel('net.server.socket')
const watch = (message: unknown) => {
  const { socket } = message as { socket: Socket }
  const note = (data: unknown) => {
    for (const [mark] of String(data).matchAll(/item \d+/g)) if (!written.has(mark)) written.set(mark, turn)
  }
  const { _write, _writev } = socket
  socket._write = function (chunk: Buffer, encoding, callback) {
    note(chunk)
    return _write.call(this, chunk, encoding, callback)
  }
  socket._writev = function (chunks, callback) {
    note(chunks.map(({ chunk }) => String(chunk)).join(''))
    return _writev!.call(this, chunks, callback)
  }
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  counting = false
  watched.unsubscribe(watch)
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** The turns that pass between each yield and its write. */
async function delays(port: number, yielded: Map<string, number>): Promise<number[]> {
  const connection = await RawConnection.open(port)
  cleanups.push(() => connection.destroy())
  const got = await connection.request('GET', '/')
  for (let seen = ''; !seen.includes('item 2');)
    seen += String(await within(got.bytes() as Promise<Buffer>, 'an item'))
  return [...yielded].map(([mark, at]) => written.get(mark)! - at)
}

function startWatching(): Map<string, number> {
  written.clear()
  counting = true
  count()
  watched.subscribe(watch)
  return new Map()
}

const STACKS: Record<string, readonly Middleware[]> = {
  'no middleware': [],
  'ten middlewares': Array.from({ length: 10 }, () => async (_: unknown, next) => next()),
  'a transform': [
    async (_, next) =>
      (await next()).transform(async function* (chunks) {
        for await (const chunk of chunks) yield chunk
      }),
  ],
}

for (const [name, middleware] of Object.entries(STACKS)) {
  for (const streams of [text, sse()]) {
    test(`what is yielded is written in the same turn: ${streams.name} through ${name}`, async () => {
      const yielded = startWatching()
      const app = new App({ middleware })
      app.get('/', { streams }, async function* () {
        for (let i = 0; i < 3; i++) {
          await wait(5)
          yielded.set(`item ${i}`, turn)
          yield `item ${i}\n`
        }
        await wait(200)
      })
      const { port } = await app.listen({ port: 0 })
      cleanups.push(() => app.close({ grace: 0 }))
      expect(await delays(port, yielded)).toEqual([0, 0, 0])
    })
  }
}

test('control: a server that writes one turn later is seen', async () => {
  const yielded = startWatching()
  const server = createServer((_, response) => {
    for (let i = 0; i < 3; i++) {
      setTimeout(() => {
        yielded.set(`item ${i}`, turn)
        setImmediate(() => response.write(`item ${i}\n`))
      }, i * 20)
    }
  }).listen(0, '127.0.0.1')
  cleanups.push(() => (server.closeAllConnections(), server.close()))
  await until(() => server.listening, 'listening')
  const seen = await delays((server.address() as AddressInfo).port, yielded)
  for (const delay of seen) expect(delay).toBeGreaterThan(0)
})

test('with an interval of 1000 ms the first frame arrives before any timer fires', async () => {
  let fired = 0
  const app = new App({
    clock: {
      now: () => performance.now(),
      after(ms, fn) {
        const timer = setTimeout(() => {
          fired++
          fn()
        }, ms)
        return () => clearTimeout(timer)
      },
    },
  })
  app.get('/', { streams: text }, async function* ({ sleep }) {
    for (let i = 0; i < 10; i++) {
      yield `frame ${i}\n`
      await sleep(1000)
    }
  })
  const { port } = await app.listen({ port: 0 })
  cleanups.push(() => app.close({ grace: 0 }))
  const connection = await RawConnection.open(port)
  cleanups.push(() => connection.destroy())
  const got = await connection.request('GET', '/')
  expect(String(await got.bytes())).toBe('frame 0\n')
  expect(fired).toBe(0)
})
