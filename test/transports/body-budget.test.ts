/** What request bodies of one HTTP/2 connection make a server hold (issue 11). */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from 'node:http2'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { wait, within } from '../contract/transport.ts'

const MIB = 1024 * 1024
const STREAMS = 100
const PIECES = 16
const BOUND = 45 * MIB

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Seen {
  readonly begun: number
  readonly ended: number
  readonly cancelled: number
  readonly read: number
  readonly peak: number
}

/** @param ms the time of a body. */
async function serve(bodyBytes: number | 'default' = 'default', ms = 60_000) {
  const path = join(import.meta.dirname, 'body-server.mjs')
  const server: ChildProcess = fork(path, [String(bodyBytes), String(ms)], { execArgv: ['--expose-gc'] })
  cleanups.push(async () => {
    if (server.exitCode !== null) return
    const exit = once(server, 'exit')
    server.disconnect()
    await within(exit, 'the server ends')
  })
  const [port] = (await within(once(server, 'message'), 'the server starts', 20_000)) as [number]
  const connect = (): ClientHttp2Session => {
    const session = connectHttp2(`http://127.0.0.1:${port}`, { maxSessionMemory: 1000 })
    session.on('error', () => {})
    cleanups.push(() => session.destroy())
    return session
  }
  const other = connect()
  const seen = async () => JSON.parse(await answer(ask(other, '/seen', 'GET'))) as Seen
  const reach = async (what: string, holds: (seen: Seen) => boolean) => {
    const look = async () => {
      while (!holds(await seen())) await wait(10)
    }
    await within(look(), what)
  }
  return { connect, seen, reach }
}

function ask(session: ClientHttp2Session, path: string, method = 'POST', headers = {}): ClientHttp2Stream {
  const stream = session.request(
    { ':path': path, ':method': method, ...headers },
    { endStream: method === 'GET' },
  )
  stream.on('error', () => {})
  return stream
}

async function answer(stream: ClientHttp2Stream): Promise<string> {
  let status: unknown
  stream.on('response', (headers) => (status = headers[':status']))
  let text = ''
  for await (const piece of stream) text += String(piece)
  return status === 200 ? text : `${String(status)} ${text}`
}

/** One piece, which all bodies share. */
const piece = Buffer.alloc(MIB / PIECES, 'a')
const MULTIPART = { 'content-type': 'multipart/form-data; boundary=x' }
const HEAD = '--x\r\ncontent-disposition: form-data; name="photo"; filename="a"\r\n\r\n'

interface Kind {
  readonly path: string
  readonly headers?: object
  readonly head: string
  readonly tail: string
  readonly answer: string
}

const KINDS: readonly Kind[] = [
  { path: '/json', head: '"', tail: '"', answer: String(MIB + 2) },
  { path: '/bytes', head: '', tail: '', answer: String(MIB) },
  // Above 1 MiB a file of a form goes to disk.
  { path: '/form', headers: MULTIPART, head: HEAD, tail: '\r\n--x--\r\n', answer: String(MIB) },
]
const BYTES_KIND = KINDS[1]!

/** The time that a round of pieces has to leave, in milliseconds: what the budget holds does not leave. */
const ROUND_MS = 100

/**
 * Sends many bodies at the same pace, a piece of each at a time. Each round waits for the one before:
 * Node 26 sends the streams that have something to send one after the other (RFC 9218 section 10).
 */
async function sendAll(session: ClientHttp2Session, kind: Kind, roundMs = ROUND_MS): Promise<string[]> {
  const streams = Array.from({ length: STREAMS }, () => ask(session, kind.path, 'POST', kind.headers))
  const answers = streams.map(answer)
  for (const stream of streams) stream.write(kind.head)
  for (let i = 0; i < PIECES; i++) {
    const sent = streams.map((stream) => new Promise((resolve) => stream.write(piece, resolve)))
    await Promise.race([Promise.all(sent), wait(roundMs)])
  }
  for (const stream of streams) stream.end(kind.tail)
  return within(Promise.all(answers), 'all answers', 50_000)
}

describe('bodies of one connection that are collected', { timeout: 60_000 }, () => {
  test.each(KINDS)('at $path stay within a budget, and are all read', async (kind) => {
    const { connect, seen } = await serve()
    const answers = sendAll(connect(), kind)
    // Others are served meanwhile.
    await wait(150)
    const another = ask(connect(), '/bytes')
    another.end(piece)
    expect(await within(answer(another), 'another connection')).toBe(String(piece.byteLength))
    expect(new Set(await answers)).toEqual(new Set([kind.answer]))
    const { peak } = await seen()
    console.log(`${kind.path}: ${STREAMS} bodies of 1 MiB, peak ${(peak / MIB).toFixed(1)} MiB`)
    expect(peak).toBeLessThan(BOUND)
  })

  test('are found out without the budget', async () => {
    const { connect, seen } = await serve(1e12)
    expect(new Set(await sendAll(connect(), BYTES_KIND, 10_000))).toEqual(new Set([String(MIB)]))
    const { peak } = await seen()
    console.log(`without the budget: peak ${(peak / MIB).toFixed(1)} MiB`)
    expect(peak).toBeGreaterThan(1.5 * BOUND)
  })

  test('have the limit that listen is given', async () => {
    const { connect, seen } = await serve(MIB)
    expect(new Set(await sendAll(connect(), BYTES_KIND))).toEqual(new Set([String(MIB)]))
    const { peak } = await seen()
    expect(peak).toBeLessThan(BOUND - 10 * MIB)
  })
})

/** Takes all of the memory, and keeps it. */
async function fill({ connect, reach }: Awaited<ReturnType<typeof serve>>) {
  const session = connect()
  const oldest = ask(session, '/bytes')
  oldest.write(piece)
  await reach('the oldest has begun', ({ begun }) => begun === 1)
  return { session, oldest }
}

describe('while the memory of a connection is used up', { timeout: 30_000 }, () => {
  test('the oldest request goes on, a small one and a stream are served, and others wait', async () => {
    const server = await serve(1)
    const { session, oldest } = await fill(server)
    const held = ask(session, '/bytes')
    const heldAnswer = answer(held)
    held.end(piece)
    const small = ask(session, '/bytes', 'POST', { 'content-length': '5' })
    small.end('small')
    expect(await within(answer(small), 'a small one')).toBe('5')
    const stream = ask(session, '/stream')
    for (let i = 0; i < PIECES * 3; i++) stream.write(piece)
    stream.end()
    expect(await within(answer(stream), 'a stream')).toBe(String(3 * MIB))
    expect(await Promise.race([heldAnswer, wait(200)])).toBe(undefined)
    oldest.end()
    expect(await within(answer(oldest), 'the oldest')).toBe(String(piece.byteLength))
    expect(await within(heldAnswer, 'the next')).toBe(String(piece.byteLength))
  })

  test('a request that waits is cancelled by its client, and by the end of its connection', async () => {
    const server = await serve(1)
    const { session, oldest } = await fill(server)
    const [first, second] = [ask(session, '/bytes'), ask(session, '/bytes')]
    for (const stream of [first, second]) stream.write(piece)
    await server.reach('both wait', ({ begun }) => begun === 3)
    await wait(50)
    first.close(constants.NGHTTP2_CANCEL)
    await server.reach('one is told', ({ cancelled }) => cancelled === 1)
    const secondAnswer = answer(second)
    second.end()
    expect(await Promise.race([secondAnswer, wait(100)])).toBe(undefined)
    oldest.close(constants.NGHTTP2_CANCEL)
    expect(await within(secondAnswer, 'the one behind')).toBe(String(piece.byteLength))
    const [third, fourth] = [ask(session, '/bytes'), ask(session, '/bytes')]
    for (const stream of [third, fourth]) stream.write(piece)
    await server.reach('two more wait', ({ begun }) => begun === 5)
    session.destroy()
    await server.reach('all are told', ({ begun, ended }) => begun === ended)
  })

  test('the time of a request that waits does not count, also before its first byte is read', async () => {
    const server = await serve(1, 1500)
    const { session, oldest } = await fill(server)
    const held = ask(session, '/bytes')
    const heldAnswer = answer(held)
    held.write(piece)
    // The server allows 1.5 s, and as long again for a body that has brought 1 MiB.
    await wait(1000)
    for (let i = 1; i < PIECES; i++) oldest.write(piece)
    await wait(1100)
    oldest.end()
    expect(await within(answer(oldest), 'the oldest')).toBe(String(MIB))
    await wait(300)
    held.end(piece)
    expect(await within(heldAnswer, 'the one that waited')).toBe(String(2 * piece.byteLength))
  })
})
