/** Request bodies with a Content-Encoding: what is undone, in which bounds, and what is refused. */
import { constants, createGzip, deflateSync, gzipSync } from 'node:zlib'
import { type App, bytes, jsonl, text } from 'millrace'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Behaviour, behaviour, expectProblem, within } from './transport.ts'

const JSON_GZIP = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
const LIMIT = 64 * 1024

const gzipped = (value: unknown) => gzipSync(JSON.stringify(value))

function readingApp(app: App): App {
  const options = { bodyLimit: LIMIT }
  app.post('/json', { ...options, body: z.object({ name: z.string() }) }, ({ body }) => body)
  app.post('/text', { ...options, body: text }, ({ body }) => body.length)
  app.post('/bytes', { ...options, body: bytes() }, async ({ body }) => {
    let size = 0
    for await (const chunk of body) size += chunk.byteLength
    return { size, length: body.length ?? null }
  })
  app.post('/raw', options, async ({ body }) => (await body.bytes()).byteLength)
  app.post('/ignored', options, () => 'ignored')
  app.post('/swallow', options, async ({ body }) => {
    try {
      await body.bytes()
    } catch {
      // careless
    }
    return 'ok'
  })
  app.post('/off', { decompress: false, body: text }, ({ body }) => body)
  return app
}

/** A body in small pieces, without a length. */
async function* pieces(whole: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.byteLength; at += size) yield whole.subarray(at, at + size)
}

export const codingBehaviours: Behaviour[] = [
  behaviour('coded bodies: JSON, forms, text and bytes are read as if they were not', async (scene) => {
    const app = readingApp(scene.create())
    app.post('/form', { body: z.object({ a: z.string() }) }, ({ body }) => body)
    const link = await scene.open(app)
    const json = { headers: JSON_GZIP, body: gzipped({ name: 'größe' }) }
    expect(await (await link.request('POST', '/json', json)).json()).toEqual({ name: 'größe' })
    const deflated = { ...json, headers: { ...JSON_GZIP, 'content-encoding': 'deflate' } }
    const again = await link.request('POST', '/json', { ...deflated, body: deflateSync('{"name":"x"}') })
    expect(await again.json()).toEqual({ name: 'x' })
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'X-GZip' }
    const filled = await link.request('POST', '/form', { headers: form, body: gzipSync('a=b+c') })
    expect(await filled.json()).toEqual({ a: 'b c' })
    const octets = { 'content-type': 'application/octet-stream', 'content-encoding': 'identity, gzip' }
    const zeros = gzipSync(new Uint8Array(LIMIT))
    for (const body of [zeros, pieces(zeros)]) {
      const reply = await link.request('POST', '/bytes', { headers: octets, body })
      expect(await reply.json()).toEqual({ size: LIMIT, length: null })
    }
  }),

  behaviour('coded bodies: JSON Lines arrive item by item, at the pace of their reader', async (scene) => {
    const app = scene.create()
    const got: number[] = []
    let told = () => {}
    app.post('/rows', { body: jsonl(z.object({ n: z.int() })) }, async ({ body }) => {
      for await (const { n } of body) {
        got.push(n)
        told()
      }
      return got
    })
    const link = await scene.open(app)
    const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH })
    const encoded = gzip.iterator() as AsyncIterableIterator<Uint8Array>
    const body = async function* () {
      for (let n = 0; n < 4; n++) {
        const arrived = new Promise<void>((resolve) => (told = resolve))
        gzip.write(`{"n":${n}}\n`)
        yield (await encoded.next()).value as Uint8Array
        // The next item is not sent before the handler has this one.
        await within(arrived, `item ${n}`)
      }
      gzip.end()
      yield* encoded
    }
    const headers = { 'content-type': 'application/jsonl', 'content-encoding': 'gzip' }
    expect(await (await link.request('POST', '/rows', { headers, body: body() })).json()).toEqual([
      0, 1, 2, 3,
    ])
  }),

  behaviour('coded bodies: the limit counts what comes out, and holds', async (scene) => {
    const link = await scene.open(readingApp(scene.create()))
    const bomb = gzipSync(new Uint8Array(8 * 1024 * 1024))
    expect(bomb.byteLength).toBeLessThan(LIMIT)
    const types = { '/text': 'text/plain', '/json': 'application/json' } as Record<string, string>
    for (const path of ['/json', '/text', '/bytes', '/raw', '/swallow']) {
      for (const body of [bomb, pieces(bomb, 1000)]) {
        const headers = {
          'content-type': types[path] ?? 'application/octet-stream',
          'content-encoding': 'gzip',
        }
        const reply = await link.request('POST', path, { headers, body })
        await expectProblem(reply, 413, 'BODY_TOO_LARGE')
      }
    }
    // A body that nobody reads is not decoded either: it is as large as it was sent.
    const ignored = await link.request('POST', '/ignored', { headers: JSON_GZIP, body: bomb })
    expect([ignored.status, await ignored.text()]).toEqual([200, 'ignored'])
  }),

  behaviour('coded bodies: over 1 MiB the ratio is limited, too', async (scene) => {
    const app = scene.create({ bodyLimit: 1024 ** 3, decompress: { ratio: 50 } })
    let most = 0
    const count = async ({ body }: { body: AsyncIterable<Uint8Array> }) => {
      let size = 0
      for await (const chunk of body) most = Math.max(most, (size += chunk.byteLength))
      return size
    }
    app.post('/', count)
    app.post('/free', { decompress: { ratio: Infinity } }, count)
    const link = await scene.open(app)
    const bomb = gzipSync(new Uint8Array(64 * 1024 * 1024))
    const headers = { 'content-encoding': 'gzip' }
    const { detail } = await expectProblem(
      await link.request('POST', '/', { headers, body: bomb }),
      413,
      'BODY_TOO_LARGE',
    )
    expect(detail).toContain('50 times')
    expect(most).toBeLessThan(8 * 1024 * 1024)
    const small = gzipSync(new Uint8Array(1024 * 1024))
    expect(await (await link.request('POST', '/', { headers, body: small })).json()).toBe(1024 * 1024)
    expect(await (await link.request('POST', '/free', { headers, body: bomb })).json()).toBe(64 * 1024 * 1024)
  }),

  behaviour('coded bodies: what is not undone is a 415 that says what is', async (scene) => {
    const link = await scene.open(readingApp(scene.create()))
    for (const path of ['/json', '/raw']) {
      for (const coding of ['compress', 'gzip, exi', 'gzip, gzip, gzip', 'GZIP;q=1']) {
        const headers = { ...JSON_GZIP, 'content-encoding': coding }
        const reply = await link.request('POST', path, { headers, body: gzipped({ name: 'x' }) })
        await expectProblem(reply, 415, 'UNSUPPORTED_MEDIA_TYPE')
        expect(String(reply.headers['accept-encoding']).split(', ')).toEqual(
          expect.arrayContaining(['gzip', 'deflate']),
        )
      }
    }
    const plain = { 'content-type': 'text/plain' }
    const off = { headers: { ...plain, 'content-encoding': 'gzip' }, body: gzipSync('x') }
    const refused = await link.request('POST', '/off', off)
    await expectProblem(refused, 415, 'UNSUPPORTED_MEDIA_TYPE')
    expect(refused.headers['accept-encoding']).toBe('identity')
    const kept = await link.request('POST', '/off', { headers: plain, body: 'x' })
    expect(await kept.text()).toBe('x')
  }),

  behaviour('coded bodies: twice is undone twice', async (scene) => {
    const link = await scene.open(readingApp(scene.create()))
    const headers = { ...JSON_GZIP, 'content-encoding': 'deflate, gzip' }
    const body = gzipSync(deflateSync('{"name":"x"}'))
    expect(await (await link.request('POST', '/json', { headers, body })).json()).toEqual({ name: 'x' })
  }),

  behaviour('coded bodies: corrupt and incomplete ones are a 400', async (scene) => {
    const link = await scene.open(readingApp(scene.create()))
    for (const coding of ['gzip', 'deflate']) {
      const whole = (coding === 'gzip' ? gzipSync : deflateSync)('{"name":"x"}'.padEnd(5000))
      const flipped = Buffer.from(whole)
      flipped[flipped.byteLength - 3]! ^= 0xff
      const bad: Record<string, Uint8Array> = {
        'not coded': Buffer.from('{"name":"x"}'),
        'cut at the end': whole.subarray(0, -1),
        'cut in the middle': whole.subarray(0, 12),
        'a wrong checksum': flipped,
      }
      for (const [name, body] of Object.entries(bad)) {
        for (const sent of [body, pieces(body)]) {
          const headers = { ...JSON_GZIP, 'content-encoding': coding }
          const reply = await link.request('POST', '/json', { headers, body: sent })
          const { detail } = await expectProblem(reply, 400, 'MALFORMED_BODY')
          expect(detail, name).toContain(coding)
        }
      }
    }
    const next = await link.request('POST', '/json', { headers: JSON_GZIP, body: gzipped({ name: 'ok' }) })
    expect(await next.json()).toEqual({ name: 'ok' })
  }),

  ...(['gzip', 'deflate'] as const).map((coding) =>
    behaviour(`coded bodies: more behind the end of ${coding} is a 400`, async (scene) => {
      const link = await scene.open(readingApp(scene.create()))
      const whole = (coding === 'gzip' ? gzipSync : deflateSync)('{"name":"x"}')
      const long = Buffer.concat([whole, Buffer.from('and more')])
      for (const body of [long, pieces(long), pieces(long, whole.byteLength)]) {
        const headers = { ...JSON_GZIP, 'content-encoding': coding }
        await expectProblem(await link.request('POST', '/json', { headers, body }), 400, 'MALFORMED_BODY')
      }
    }),
  ),

  behaviour('coded bodies: a mount gets them as they were sent', async (scene) => {
    const app = scene.create()
    app.mount('/other', async (request) =>
      Response.json([request.headers.get('content-encoding'), (await request.arrayBuffer()).byteLength]),
    )
    const body = gzipped({ name: 'x'.repeat(1000) })
    const link = await scene.open(app)
    const reply = await link.request('POST', '/other', { headers: JSON_GZIP, body })
    expect(await reply.json()).toEqual(['gzip', body.byteLength])
  }),
]
