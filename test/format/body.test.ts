/** Request bodies as streams of items: typed, at the handler's pace, over a real socket. */
import { bytes, jsonl } from 'millrace'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { RawConnection } from '../contract/raw-client.ts'
import { until, wait, within } from '../contract/transport.ts'
import { read, scene } from './scene.ts'

const Item = z.object({ n: z.number() })
const TYPE = { 'content-type': 'application/jsonl' }

/** A chunk of a chunked body. */
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const END = '0\r\n\r\n'

/** Begins a chunked request and leaves its body open. */
function begin(connection: RawConnection, path: string, headers: Record<string, string> = TYPE): void {
  const lines = Object.entries({ host: 'x', 'transfer-encoding': 'chunked', ...headers })
  connection.send(
    `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  )
}

describe('items', () => {
  test('arrive typed, in order, however the bytes are cut', async () => {
    const { app, open } = scene()
    app.post('/', { body: jsonl(z.object({ n: z.number(), text: z.string() })) }, async ({ body }) => {
      const seen: string[] = []
      for await (const { n, text } of body) seen.push(`${n.toFixed(1)} ${text.toUpperCase()}`)
      return seen
    })
    const wire = Buffer.from(
      '{"n":1,"text":"ünï→"}\n\n  \r\n{"n":2,"text":"b"}\r\n{"n":3,"text":"last, without a line end"}',
    )
    for (const size of [1, 2, 7, 1000]) {
      const connection = await open()
      begin(connection, '/', { 'content-type': 'application/x-ndjson; charset=utf-8' })
      for (let at = 0; at < wire.length; at += size) {
        const piece = wire.subarray(at, at + size)
        connection.send(
          Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
        )
        if (size === 1) await wait(0)
      }
      connection.send(END)
      const got = await within(connection.reply('POST'), 'the reply')
      expect(JSON.parse((await read(got)).text), `pieces of ${size}`).toEqual([
        '1.0 ÜNÏ→',
        '2.0 B',
        '3.0 LAST, WITHOUT A LINE END',
      ])
    }
  })

  test('one at a time: the first is handled before the second is sent', async () => {
    const { app, open } = scene()
    const seen: number[] = []
    app.post('/', { body: jsonl(Item) }, async ({ body }) => {
      for await (const { n } of body) seen.push(n)
      return seen.length
    })
    const connection = await open()
    begin(connection, '/')
    for (let n = 1; n <= 3; n++) {
      connection.send(chunk(`{"n":${n}}\n`))
      await until(() => seen.length === n, `item ${n}`)
    }
    connection.send(END)
    expect((await read(await connection.reply('POST'))).text).toBe('3')
  })

  test('an empty body has none; another media type is a 415', async () => {
    const { app, request } = scene()
    app.post('/', { body: jsonl(Item) }, async ({ body }) => {
      let count = 0
      for await (const _ of body) count++
      return count
    })
    expect((await read(await request('POST', '/', { headers: TYPE, body: '' }))).text).toBe('0')
    const refused = await request('POST', '/', {
      headers: { 'content-type': 'application/json' },
      body: '{"n":1}',
    })
    expect([refused.status, refused.headers['accept']]).toEqual([415, 'application/jsonl'])
  })
})

describe('what is refused', () => {
  const collecting = () => {
    const made = scene({ bodyLimit: 1000 })
    const seen: number[] = []
    made.app.post('/', { body: jsonl(Item) }, async ({ body }) => {
      for await (const { n } of body) seen.push(n)
      return seen
    })
    made.app.post('/drop', { body: jsonl(Item, { invalid: 'drop' }) }, async ({ body }) => {
      for await (const { n } of body) seen.push(n)
      return seen
    })
    return { ...made, seen }
  }

  test('an invalid item: 422 with its index, and what came before was handled', async () => {
    const { request, seen } = collecting()
    const got = await request('POST', '/', {
      headers: TYPE,
      body: '{"n":1}\n{"n":2}\n{"n":"three"}\n{"n":4}\n',
    })
    expect(got.status).toBe(422)
    expect(JSON.parse((await read(got)).text)).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ in: 'body', path: [2, 'n'] }],
    })
    expect(seen).toEqual([1, 2])
  })

  test("is left out under invalid: 'drop', and logged", async () => {
    const { request, log } = collecting()
    const got = await request('POST', '/drop', { headers: TYPE, body: '{"n":1}\n{"n":"two"}\n{"n":3}\n' })
    expect((await read(got)).text).toBe('[1,3]')
    expect(log.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: 'An item of a request body was dropped', fields: { issues: [{ path: [1, 'n'] }] } },
    ])
  })

  test('a malformed line: 400 with its number, not its content', async () => {
    const { request, seen } = collecting()
    const got = await request('POST', '/', { headers: TYPE, body: '{"n":1}\n{"secret":\n{"n":3}\n' })
    expect(got.status).toBe(400)
    const problem = (await read(got)).text
    expect(JSON.parse(problem)).toMatchObject({
      code: 'MALFORMED_BODY',
      detail: expect.stringContaining('Line 2'),
    })
    expect(problem).not.toContain('secret')
    expect(seen).toEqual([1])
  })

  test('at once: also when the sender has sent good ones with it, and waits for the answer', async () => {
    const { open, seen } = collecting()
    const connection = await open()
    begin(connection, '/')
    connection.send(chunk('{"n":1}\n{"n":\n'))
    const got = await within(connection.reply('POST'), 'the 400', 2000)
    expect([got.status, seen]).toEqual([400, [1]])
  })

  test.each([
    ['in the middle', Buffer.from([0x7b, 0xff, 0x7d, 0x0a])],
    ['cut short at the end', Buffer.concat([Buffer.from('{"n":1}\n'), Buffer.from([0xc3])])],
  ])('bytes that are no UTF-8: 400, %s', async (_, body) => {
    const { request } = collecting()
    const got = await request('POST', '/', { headers: TYPE, body })
    expect(got.status).toBe(400)
  })

  test('more than the limit: 413, before the rest has come', async () => {
    const { open, seen } = collecting()
    const connection = await open()
    begin(connection, '/')
    for (let n = 0; n < 200; n++) connection.send(chunk(`{"n":${n}}\n`))
    const got = await within(connection.reply('POST'), 'the 413')
    expect([got.status, got.headers['connection']]).toEqual([413, 'close'])
    expect(seen.length).toBeLessThan(130)
  })

  test('one line longer than a mebibyte: 413, whatever the limit of the body', async () => {
    const { app, request } = scene()
    app.post('/', { body: jsonl(z.string()), bodyLimit: 1 << 24 }, async ({ body }) => {
      for await (const _ of body);
      return 'x'
    })
    const got = await request('POST', '/', { headers: TYPE, body: `"${'x'.repeat(1.5 * 1024 * 1024)}"\n` })
    expect([got.status, (await read(got)).text.includes('xx')]).toEqual([413, false])
  })
})

describe('the sender', () => {
  test('is paused while the handler does not pull', async () => {
    const { app, open } = scene()
    let take = () => {}
    let count = 0
    app.post('/', { body: jsonl(Item), bodyLimit: 1 << 30 }, async ({ body }) => {
      for await (const _ of body) {
        if (++count === 1) await new Promise<void>((resolve) => (take = resolve))
      }
      return count
    })
    const connection = await open()
    begin(connection, '/')
    // 64 KiB a piece, for as long as the socket takes them.
    const items = Math.floor(65_536 / '{"n":1000000}\n'.length)
    const piece = Buffer.from(chunk('{"n":1000000}\n'.repeat(items)))
    let sent = 0
    let drained = performance.now()
    const { socket } = connection
    const LIMIT = 256 * 1024 * 1024
    while (sent < LIMIT) {
      sent += piece.length
      if (socket.write(piece)) continue
      const moved = await Promise.race([
        new Promise<boolean>((resolve) => socket.once('drain', () => resolve(true))),
        wait(600).then(() => false),
      ])
      if (!moved) break
      drained = performance.now()
    }
    // What the two kernels and the two ends of Node hold, and no more.
    console.log(`the sender was stopped after ${(sent / 1024 / 1024).toFixed(1)} MiB, with one item taken`)
    expect(count).toBe(1)
    expect(sent).toBeLessThan(24 * 1024 * 1024)
    expect(performance.now() - drained).toBeGreaterThan(500)
    take()
    await within(new Promise((resolve) => socket.once('drain', resolve)), 'the sender goes on')
    connection.send(END)
    const got = await within(connection.reply('POST'), 'the reply', 15_000)
    expect(Number((await read(got)).text)).toBe((sent / piece.length) * items)
  }, 40_000)

  test('known bad: a handler that takes everything as it comes never pauses it', async () => {
    const { app, open } = scene()
    app.post('/', { body: bytes(), bodyLimit: 1 << 30 }, async ({ body }) => {
      let size = 0
      for await (const piece of body) size += piece.byteLength
      return size
    })
    const connection = await open()
    begin(connection, '/', { 'content-type': 'application/octet-stream' })
    const piece = Buffer.from(chunk('x'.repeat(65_536)))
    const { socket } = connection
    for (let sent = 0; sent < 48 * 1024 * 1024; sent += piece.length) {
      if (!socket.write(piece)) await within(new Promise((resolve) => socket.once('drain', resolve)), 'drain')
    }
    connection.send(END)
    expect((await connection.reply('POST')).status).toBe(200)
  }, 40_000)

  test('leaves in the middle: the loop rejects, and the request ends as a disconnect', async () => {
    const { app, open, endings } = scene()
    const thrown: unknown[] = []
    const seen: number[] = []
    app.post('/', { body: jsonl(Item) }, async ({ body }) => {
      try {
        for await (const { n } of body) seen.push(n)
      } catch (error) {
        thrown.push(error)
        throw error
      }
    })
    const connection = await open()
    begin(connection, '/')
    connection.send(chunk('{"n":1}\n{"n":2'))
    await until(() => seen.length === 1, 'the first item')
    connection.destroy()
    await until(() => thrown.length === 1 && endings.length === 1, 'the loop rejects')
    expect(thrown[0]).toBeInstanceOf(Error)
    expect(seen).toEqual([1])
    expect(endings[0]).toMatchObject({ outcome: 'disconnect' })
  })

  test('that stops early by a clean end in the middle of a line sends half an item: 400', async () => {
    const { app, request } = scene()
    app.post('/', { body: jsonl(Item) }, async ({ body }) => {
      for await (const _ of body);
      return 'x'
    })
    expect((await request('POST', '/', { headers: TYPE, body: '{"n":1}\n{"n":2' })).status).toBe(400)
  })
})

describe('both ways at once', () => {
  test('an echo: reply items while the request is still being sent', async () => {
    const { app, open } = scene()
    app.post('/', { body: jsonl(Item), streams: jsonl(Item) }, async function* ({ body }) {
      for await (const { n } of body) yield { n: n * 10 }
    })
    const connection = await open()
    begin(connection, '/')
    connection.send(chunk('{"n":1}\n'))
    const got = await within(connection.reply('POST'), 'the head')
    expect(String(await got.bytes())).toBe('{"n":10}\n')
    for (let n = 2; n <= 5; n++) {
      connection.send(chunk(`{"n":${n}}\n`))
      expect(String(await within(got.bytes(), `echo ${n}`))).toBe(`{"n":${n}0}\n`)
    }
    connection.send(END)
    expect(await read(got)).toEqual({ text: '', cut: false })
  })

  test('a greeting before the first item is read', async () => {
    const { app, open } = scene()
    app.post('/', { body: jsonl(Item), streams: jsonl(Item) }, async function* ({ body }) {
      yield { n: 0 }
      for await (const item of body) yield item
    })
    const connection = await open()
    begin(connection, '/')
    const got = await within(connection.reply('POST'), 'the head')
    expect(String(await got.bytes())).toBe('{"n":0}\n')
    connection.send(chunk('{"n":1}\n'))
    expect(String(await within(got.bytes(), 'the echo'))).toBe('{"n":1}\n')
    connection.send(END)
    expect(await read(got)).toEqual({ text: '', cut: false })
  })

  test('an invalid item after the reply has begun: an error item and a cut', async () => {
    const { app, open, endings } = scene()
    app.post('/', { body: jsonl(Item), streams: jsonl(Item) }, async function* ({ body }) {
      yield* body
    })
    const connection = await open()
    begin(connection, '/')
    connection.send(chunk('{"n":1}\n'))
    const got = await within(connection.reply('POST'), 'the head')
    await got.bytes()
    connection.send(chunk('{"n":"two"}\n'))
    const { text: wire, cut } = await within(read(got), 'the end')
    expect(cut).toBe(true)
    expect(JSON.parse(wire)).toMatchObject({ $error: { status: 422, errors: [{ path: [1, 'n'] }] } })
    await until(() => endings.length === 1, 'the end')
    expect(endings[0]).toMatchObject({ outcome: 'error' })
  })

  test('a client that leaves ends both', async () => {
    const { app, open, endings } = scene()
    let unwound = false
    app.post('/', { body: jsonl(Item), streams: jsonl(Item) }, async function* ({ body }) {
      try {
        yield* body
      } finally {
        unwound = true
      }
    })
    const connection = await open()
    begin(connection, '/')
    connection.send(chunk('{"n":1}\n'))
    await (await within(connection.reply('POST'), 'the head')).bytes()
    connection.destroy()
    await until(() => unwound && endings.length === 1, 'it unwinds')
    expect(endings[0]).toMatchObject({ outcome: 'disconnect', items: 1 })
  })
})
