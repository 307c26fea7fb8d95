/** Request bodies in the codings that only Node's own zlib undoes; the others are in the contract. */
import * as zlib from 'node:zlib'
import { App } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { RawConnection } from '../contract/raw-client.ts'

interface Zstd {
  readonly zstdCompressSync?: (bytes: Uint8Array) => Buffer
  readonly zstdDecompressSync?: (bytes: Uint8Array) => Buffer
}
const { zstdCompressSync, zstdDecompressSync } = zlib as unknown as Zstd

/** Why zstd is not taken here; undefined where it is. */
function withoutZstd(): string | undefined {
  if (zstdCompressSync === undefined) return 'the zlib of this Node has no zstd'
  try {
    zstdDecompressSync!(zstdCompressSync(Buffer.from('x')).subarray(0, -1))
    return 'this Node takes the beginning of a zstd frame for all of it'
  } catch {
    return undefined
  }
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const MiB = 1024 * 1024

async function post(coding: string, body: Uint8Array): Promise<[number, string, string]> {
  const app = new App({ bodyLimit: MiB })
  app.post('/', async ({ body: sent }) => (await sent.bytes()).byteLength)
  const { port } = await app.listen({ port: 0, signals: false })
  cleanups.push(() => app.close({ grace: 0 }))
  const connection = await RawConnection.open(port)
  cleanups.push(() => connection.destroy())
  const reply = await connection.request('POST', '/', { headers: { 'content-encoding': coding }, body })
  return [reply.status, String(await reply.bytes()), String(reply.headers['accept-encoding'])]
}

const CODERS = {
  br: (bytes: Uint8Array) =>
    zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 2 } }),
  zstd: (bytes: Uint8Array) => zstdCompressSync!(bytes),
}

describe.each(['br', 'zstd'] as const)('%s', (coding) => {
  const bytes = Buffer.from('some text that repeats itself '.repeat(1000))
  const skipped = coding === 'zstd' ? withoutZstd() : undefined

  test('is undone', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    expect((await post(coding, CODERS[coding](bytes))).slice(0, 2)).toEqual([200, String(bytes.byteLength)])
  })

  test('corrupt, incomplete, or with more behind its end: 400', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const whole = CODERS[coding](bytes)
    for (const bad of [bytes, whole.subarray(0, -1), whole.subarray(0, 9), Buffer.concat([whole, bytes])]) {
      const [status, problem] = await post(coding, bad)
      expect([status, (JSON.parse(problem) as { code: string }).code]).toEqual([400, 'MALFORMED_BODY'])
    }
  })

  test('a bomb of a few bytes: 413, and no memory for it', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const bomb = CODERS[coding](Buffer.alloc(128 * MiB))
    expect(bomb.byteLength).toBeLessThan(MiB / 16)
    const before = process.memoryUsage().rss
    expect((await post(coding, bomb))[0]).toBe(413)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MiB)
  }, 30_000)
})

test('zstd where it is not taken: 415 that says what is', async (context) => {
  if (withoutZstd() === undefined) return context.skip('zstd is taken here')
  const [status, , accepted] = await post('zstd', Buffer.from('x'))
  expect([status, accepted]).toEqual([415, 'br, gzip, deflate'])
})
