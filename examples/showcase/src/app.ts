/*
 * Every address of the showcase. Each is one route: what comes in, what goes out, and a function.
 *
 * A function that returns answers once; a generator streams, and each item is on its way to the
 * client as soon as it is yielded. If the client leaves, `sleep` throws and `finally` runs.
 */
import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  App,
  bytes,
  channel,
  event,
  file,
  HttpError,
  jsonl,
  multipart,
  type Outcome,
  reply,
  sse,
  text,
} from 'millrace'
import { z } from 'zod'
import { servePage } from './page.ts'

const clip = fileURLToPath(new URL('../media/clip.webm', import.meta.url))

const Frames = z.object({
  frames: whole(0, 10_000_000).default(10),
  interval: whole(0, 60_000).default(1000),
})

const Chunk = z.object({ chunk: whole(1, 4_194_304).default(1024) })

const Items = z.object({ items: whole(0, 10_000_000).default(10) })

interface Processed {
  finished: number
  outcomes: Partial<Record<Outcome, number>>
}

const Ticks = z.object({
  count: whole(0, 10_000_000).default(10),
  interval: whole(0, 60_000).default(200),
})

const Tick = z.object({ n: z.int(), at: z.iso.datetime(), price: z.number() })

const NewItem = z.object({
  name: z.string().trim().min(1, 'Give it a name.').max(60, 'At most 60 characters.'),
  price: z
    .number('A number is needed.')
    .positive('The price must be above 0.')
    .max(1_000_000, 'At most 1 000 000.'),
  tags: z
    .array(z.string().trim().min(1).max(20, 'A tag has at most 20 characters.'))
    .max(5, 'At most 5 tags.')
    .default([]),
})

const Item = NewItem.extend({ id: z.uuid(), createdAt: z.iso.datetime() })

const Upload = z.object({ id: z.uuid() })
const Progress = z.object({ received: z.int(), length: z.int().optional(), ended: z.boolean() })
const Saved = z.object({ name: z.string(), bytes: z.int(), sha256: z.string() })
const Sent = { file: file({ maxBytes: 256 * 1024 * 1024 }) }

export function createShowcase({ file, uploads }: Folders): App {
  const app = new App({ title: 'Millrace showcase', version: '0.1.0' })

  // A video: one frame per interval, or as fast as the client reads when the interval is 0.
  app.get('/video', { query: Frames, streams: text }, async function* ({ query, sleep }) {
    for (let i = 0; i < query.frames; i++) {
      if (i > 0 && query.interval > 0) await sleep(query.interval)
      yield `frame ${i}\n`
    }
  })

  // A large file, straight from disk, whole or in parts. Who wants to know is told what it adds up to.
  app.get('/download', () => reply.file(file, { digest: 'wanted' }))

  // A clip, in which players seek by asking for parts.
  app.get('/clip', () => reply.file(clip, { cache: 'no-cache' }))

  // The same bytes through a generator.
  app.get('/async-download', { query: Chunk, streams: bytes('application/octet-stream') }, ({ query }) =>
    readInChunks(file, query.chunk),
  )

  // A stream with a background task, which runs when the stream has really ended and is told how.
  const processed: Processed = { finished: 0, outcomes: {} }

  app.get('/data', { query: Items, streams: text }, async function* ({ query, after }) {
    after(({ outcome }) => {
      processed.finished += 1
      processed.outcomes[outcome] = (processed.outcomes[outcome] ?? 0) + 1
    })
    for (let i = 0; i < query.items; i++) yield `data ${i}\n`
  })

  app.get('/data/processed', () => processed)

  // An upload, saved to disk as it arrives, and forgotten again. Whoever knows its id sees how far it is.
  // Who reads slowly skips what is no longer true.
  const progress = channel('progress', Upload.extend(Progress.shape), { slow: 'drop-oldest' })

  app.post('/uploads/:id', { params: Upload, body: multipart(Sent), returns: Saved }, async (context) => {
    const { params, body, after } = context
    const { id } = params
    const path = join(uploads, id)
    const tell = (ended: boolean) =>
      progress.publish({ id, received: body.received, length: body.length, ended })
    after(async () => {
      tell(true)
      await rm(path, { force: true })
    })
    body.onProgress(() => tell(false))
    for await (const part of body) {
      const saved = await part.saveTo(path, { digest: 'sha-256' })
      return { name: part.filename, bytes: saved.bytes, sha256: saved.digest! }
    }
    throw new HttpError(422, { detail: 'Choose a file.' })
  })

  app.get('/uploads/:id/progress', { params: Upload, streams: sse(Progress) }, async function* (context) {
    const { params, signal } = context
    for await (const each of progress.subscribe({ replay: 256, signal })) {
      if (each.id !== params.id) continue
      yield each
      if (each.ended) return
    }
  })

  // A chat: what one client says, all of them hear.
  const chat = channel('chat', z.string())

  app.websocket('/ws', { receives: z.string(), sends: z.string() }, async ({ socket }) => {
    socket.follow(chat)
    for await (const line of socket) chat.publish(`Message: ${line}`)
  })

  // Typed items, as JSON Lines or as server-sent events: the client's `Accept` decides. An event carries its number
  // as its id, so a client that comes back after a break goes on where it was.
  const ticks = { query: Ticks, streams: [jsonl(Tick), sse(Tick)] } as const

  app.get('/ticks', ticks, async function* ({ query, sleep, lastEventId }) {
    let price = 100
    const first = /^\d{1,8}$/.test(lastEventId ?? '') ? Number(lastEventId) + 1 : 0
    for (let n = first; n < query.count; n++) {
      if (n > first && query.interval > 0) await sleep(query.interval)
      price = Math.max(1, price + (Math.random() - 0.5) * 2)
      const tick = { n, at: new Date().toISOString(), price: Math.round(price * 100) / 100 }
      yield event(tick, { id: String(n) })
    }
  })

  // A JSON resource. Input that does not fit its schema is refused with every problem and its place.
  const items = new Map<string, z.infer<typeof Item>>()

  app.post('/items', { body: NewItem, returns: Item, status: 201 }, ({ body, head }) => {
    const item = { id: randomUUID(), createdAt: new Date().toISOString(), ...body }
    items.set(item.id, item)
    forgetOldest(items, 1000)
    head.set('location', `/items/${item.id}`)
    return item
  })

  app.get('/items/:id', { params: Item.pick({ id: true }), returns: Item }, ({ params }) => {
    const item = items.get(params.id)
    if (!item) throw new HttpError(404, { detail: `There is no item ${params.id}.` })
    return item
  })

  servePage(app)
  return app
}

/** What is sent from this folder, and where what comes in is put. */
interface Folders {
  readonly file: string
  readonly uploads: string
}

/** A whole number in a query string. */
function whole(min: number, max: number) {
  return z.coerce.number().int().min(min).max(max)
}

/** Reads blocks of whole chunks, so that a small chunk does not cost a trip to the disk of its own. */
async function* readInChunks(file: string, chunk: number): AsyncGenerator<Uint8Array> {
  const blockSize = chunk * Math.ceil(262_144 / chunk)
  const handle = await open(file)
  try {
    for (;;) {
      const block = Buffer.allocUnsafe(blockSize)
      const { bytesRead } = await handle.read(block)
      if (bytesRead === 0) return
      for (let at = 0; at < bytesRead; at += chunk) {
        yield block.subarray(at, Math.min(at + chunk, bytesRead))
      }
    }
  } finally {
    await handle.close()
  }
}

/** Keeps the newest `limit` entries: a map remembers the order in which they came. */
function forgetOldest(map: Map<string, unknown>, limit: number) {
  for (const key of map.keys()) {
    if (map.size <= limit) return
    map.delete(key)
  }
}
