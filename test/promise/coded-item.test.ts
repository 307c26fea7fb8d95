/**
 * Promise 5 through compression: each item can be decoded by the client before the next one is yielded.
 * The producer waits until the client has decoded an item before it yields another; a compressor that
 * keeps anything back stops both for ever.
 */
import * as zlib from 'node:zlib'
import type { Transform } from 'node:stream'
import { App, jsonl, type Middleware, sse, text } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { openSession } from '../contract/http2-link.ts'
import { RawConnection } from '../contract/raw-client.ts'
import { within } from '../contract/transport.ts'

interface Zstd {
  readonly createZstdDecompress?: () => Transform
  readonly createZstdCompress?: () => Transform
}
const { createZstdDecompress, createZstdCompress } = zlib as unknown as Zstd
const WITHOUT_ZSTD = 'the zlib of this Node has no zstd: it came with 22.15 and 23.8'

const DECODERS = {
  gzip: () => zlib.createGunzip() as Transform,
  br: () => zlib.createBrotliDecompress() as Transform,
  zstd: createZstdDecompress,
}
/** Compressors as they come: they wait until there is enough. */
const HOARDERS = {
  gzip: () => zlib.createGzip() as Transform,
  br: () => zlib.createBrotliCompress() as Transform,
  zstd: createZstdCompress,
}
const CODINGS = ['gzip', 'br', 'zstd'] as const
const FORMATS = { text, jsonl: jsonl(), sse: sse() }
const ITEMS = 20

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** What happened in which order: `yield 3`, `decoded 3`. */
class Story {
  readonly lines: string[] = []
  #heard = () => {}

  /** Waits until the client has said that it decoded the item. */
  async yielded(item: number, signal: AbortSignal): Promise<void> {
    this.lines.push(`yield ${item}`)
    await new Promise<void>((resolve) => {
      const leave = () => resolve()
      signal.addEventListener('abort', leave)
      this.#heard = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
    })
  }

  decoded(item: number): void {
    this.lines.push(`decoded ${item}`)
    this.#heard()
  }
}

function create(story: Story, middleware: readonly Middleware[]): App {
  const app = new App({ middleware, compress: { events: true } })
  for (const [name, streams] of Object.entries(FORMATS)) {
    app.get(`/${name}`, { streams }, async function* ({ signal }) {
      for (let i = 0; i < ITEMS && !signal.aborted; i++) {
        const told = story.yielded(i, signal)
        yield `item ${i};`
        await told
      }
    })
  }
  return app
}

const plainly: Middleware = (_, next) => next()
const STACKS: Record<string, readonly Middleware[]> = {
  'no middleware': [],
  'ten middlewares and a transform': [
    ...Array.from({ length: 10 }, () => plainly),
    async (_, next) =>
      (await next()).transform(async function* (chunks) {
        for await (const chunk of chunks) yield chunk
      }),
  ],
}

type Fetch = (path: string, coding: string, take: (bytes: Uint8Array) => void) => Promise<string>

async function overHttp1(app: App): Promise<Fetch> {
  const { port } = await app.listen({ port: 0, signals: false })
  return async (path, coding, take) => {
    const connection = await RawConnection.open(port)
    cleanups.push(() => connection.destroy())
    const reply = await connection.request('GET', path, { headers: { 'accept-encoding': coding } })
    for (let piece = await reply.bytes(); piece !== undefined; piece = await reply.bytes()) take(piece)
    return String(reply.headers['content-encoding'])
  }
}

async function overHttp2(app: App): Promise<Fetch> {
  const { port } = await app.listen({ port: 0, signals: false, http2: true })
  const session = await openSession(port, false)
  cleanups.push(() => session.destroy())
  return async (path, coding, take) => {
    const stream = session.request({ ':path': path, 'accept-encoding': coding })
    let sent = ''
    stream.on('response', (head) => (sent = String(head['content-encoding'])))
    stream.on('data', take)
    await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject))
    return sent
  }
}

/** Reads a stream, decodes as it comes, and tells the story of every item. */
async function read(fetch: Fetch, path: string, coding: (typeof CODINGS)[number], story: Story) {
  const decoder = DECODERS[coding]!()
  let seen = ''
  let next = 0
  decoder.on('data', (bytes: Buffer) => {
    seen += String(bytes)
    while (seen.includes(`item ${next};`)) story.decoded(next++)
  })
  const sent = await fetch(path, coding, (bytes) => void decoder.write(bytes))
  expect(sent).toBe(coding)
}

for (const [protocol, connect] of [
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
] as const) {
  for (const coding of CODINGS) {
    describe(`${coding} over ${protocol}`, () => {
      for (const [stack, middleware] of Object.entries(STACKS)) {
        for (const format of Object.keys(FORMATS)) {
          test(`every item of ${format} is decoded before the next is yielded, through ${stack}`, async (context) => {
            if (DECODERS[coding] === undefined) return context.skip(WITHOUT_ZSTD)
            const story = new Story()
            const app = create(story, middleware)
            cleanups.push(() => app.close({ grace: 0 }))
            const fetch = await connect(app)
            await within(read(fetch, `/${format}`, coding, story), 'the whole stream', 20_000)
            expect(story.lines).toEqual(
              Array.from({ length: ITEMS }, (_, i) => [`yield ${i}`, `decoded ${i}`]).flat(),
            )
          }, 30_000)
        }
      }
    })
  }
}

/** The same coding as a middleware that writes to the compressor and does not flush it. */
const hoarding = (coding: (typeof CODINGS)[number]): Middleware => {
  return async (_, next) => {
    const reply = await next()
    reply.headers['content-encoding'] = coding
    return reply.transform(async function* (chunks) {
      const compressor = HOARDERS[coding]!()
      void (async () => {
        for await (const chunk of chunks) compressor.write(chunk)
        compressor.end()
      })().catch(() => compressor.destroy())
      yield* compressor as AsyncIterable<Uint8Array>
    })
  }
}

for (const coding of CODINGS)
  test(`control: ${coding} without a flush is caught: its first item never arrives`, async (context) => {
    if (HOARDERS[coding] === undefined) return context.skip(WITHOUT_ZSTD)
    const story = new Story()
    const app = create(story, [hoarding(coding)])
    cleanups.push(() => app.close({ grace: 0 }))
    const fetch = await overHttp1(app)
    await expect(within(read(fetch, '/text', coding, story), 'the whole stream', 1000)).rejects.toThrow(
      'Not within',
    )
    expect(story.lines).toEqual(['yield 0'])
  })
