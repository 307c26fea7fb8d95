/** What the clients of these tests are pointed at. */
import { App, event, jsonl, reply, sse, text } from 'millrace'
import { z } from 'zod'
import { wait } from '../contract/transport.ts'

const Count = z.object({ n: z.number() })

export interface ClientServer {
  readonly url: string
  readonly port: number
  readonly app: App
  /** The `Last-Event-ID` of every connection to /resumable. */
  readonly resumedFrom: (string | undefined)[]
  /** How often /once was asked for. */
  asked(): number
  close(): Promise<void>
}

export async function startClientServer(): Promise<ClientServer> {
  const app = new App({ log: { debug() {}, info() {}, warn() {}, error() {} }, unwindMs: 500 })
  const resumedFrom: (string | undefined)[] = []
  let asked = 0

  app.get('/', () => reply.html('<!doctype html><title>clients</title>'))
  app.get('/quiet', { streams: sse(Count) }, async function* ({ sleep }) {
    await sleep(60_000)
    yield { n: 0 }
  })
  app.get('/steps', { streams: [sse(Count), jsonl(Count)] }, async function* ({ sleep }) {
    for (let n = 0; n < 5; n++) {
      yield event({ n }, { id: String(n) })
      await sleep(250)
    }
  })
  // A log that grows for ever; whoever comes back goes on behind the last id he has seen.
  const startedAt = Date.now()
  const newest = () => Math.floor((Date.now() - startedAt) / 40)
  app.get(
    '/resumable',
    { streams: sse(Count, { maxAge: 600, retry: 100 }) },
    async function* ({ lastEventId, sleep }) {
      resumedFrom.push(lastEventId)
      for (let n = lastEventId === undefined ? newest() : Number(lastEventId) + 1; ; n++) {
        while (n > newest()) await sleep(5)
        yield event({ n }, { id: String(n) })
      }
    },
  )
  app.get('/broken', { streams: [jsonl(Count), sse(Count)] }, async function* ({ sleep }) {
    yield { n: 1 }
    await sleep(100)
    throw new Error('fails')
  })
  app.get('/broken-text', { streams: text }, async function* ({ sleep }) {
    yield 'begins'
    await sleep(100)
    throw new Error('fails')
  })
  app.get('/once', { streams: sse(Count, { retry: 50 }) }, ({ lastEventId }) => {
    asked++
    if (lastEventId !== undefined) return reply.empty()
    return [event({ n: 1 }, { id: 'seen' })]
  })
  app.get('/refused', { streams: sse(Count) }, async function* ({ head }) {
    head.set('x-seen', 'yes')
    if (Date.now() > 0) throw new Error('before the first item')
    yield { n: 1 }
  })
  app.post('/echo', { body: jsonl(Count), streams: jsonl(Count) }, async function* ({ body }) {
    for await (const { n } of body) yield { n: n * 10 }
  })
  app.post('/upload', { bodyLimit: 1 << 24 }, async ({ body }) => {
    await wait(20)
    return { size: (await body.bytes()).byteLength }
  })
  app.post('/guarded', { bodyLimit: 1000 }, ({ body }) => body.text())
  app.get('/lastid', { streams: sse(z.string(), { retry: 50 }) }, ({ lastEventId }) => {
    if (lastEventId === undefined) return [event('first', { id: 'Ünï→' })]
    return [event(lastEventId, { event: 'came-back' })]
  })

  const listening = await app.listen({ port: 0, signals: false })
  return {
    app,
    url: listening.url,
    port: listening.port,
    resumedFrom,
    asked: () => asked,
    close: () => app.close({ grace: 0 }),
  }
}

/** Asserts that numbers follow each other without a gap or a repetition. */
export function gaps(numbers: readonly number[]): string[] {
  return numbers.flatMap((n, index) =>
    index === 0 || n === numbers[index - 1]! + 1 ? [] : [`${numbers[index - 1]} -> ${n}`],
  )
}
