/** Digests of files (RFC 9530). */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, type FileOptions, type FileSource, reply } from 'millrace'
import { connect } from 'millrace/testing'
import { afterAll, expect, test } from 'vitest'
import { digestFile } from '../../src/transports/node/file-digest.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-digest-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'a.bin')
const BYTES = Buffer.alloc(3_000_000, 'abcdefg')

function write(bytes: Buffer, at: number) {
  writeFileSync(path, bytes)
  utimesSync(path, at, at)
}
write(BYTES, 1_700_000_000.5)

const digest = (algorithm: string, bytes: Buffer) =>
  `${algorithm}=:${createHash(algorithm.replace('-', '')).update(bytes).digest('base64')}:`

function serve(options: FileOptions, source: string | FileSource = path) {
  const app = new App()
  app.get('/', () => reply.file(source, options))
  const client = connect(app)
  return (headers: Record<string, string>, method = 'GET') => client.request(method, '/', { headers })
}

const WANT = { 'want-repr-digest': 'sha-256=10', 'want-content-digest': 'sha-512=3, sha-256=1' }

test('who wants them gets them: of the whole, and of what is sent', async () => {
  const ask = serve({ digest: 'wanted' })
  const whole = await ask(WANT)
  expect(whole.headers['repr-digest']).toBe(digest('sha-256', BYTES))
  expect(whole.headers['content-digest']).toBe(digest('sha-512', BYTES))
  await whole.text()
  const part = await ask({ ...WANT, range: 'bytes=1000-1999999' })
  expect(part.status).toBe(206)
  expect(part.headers['repr-digest']).toBe(digest('sha-256', BYTES))
  expect(part.headers['content-digest']).toBe(digest('sha-512', BYTES.subarray(1000, 2_000_000)))
  await part.text()
  const head = await ask(WANT, 'HEAD')
  expect(head.headers['repr-digest']).toBe(digest('sha-256', BYTES))
  const plain = await ask({})
  expect([plain.headers['repr-digest'], plain.headers['content-digest']]).toEqual([undefined, undefined])
  await plain.text()
})

test('nobody makes a server read that has not said so; always is the whole, with every reply', async () => {
  const never = await serve({})(WANT)
  expect([never.headers['repr-digest'], never.headers['content-digest']]).toEqual([undefined, undefined])
  await never.text()
  const always = serve({ digest: 'always' })
  for (const headers of [{}, { range: 'bytes=0-9' }, { range: 'bytes=0-9,20-29' }]) {
    const got = await always(headers)
    expect(got.headers['repr-digest']).toBe(digest('sha-256', BYTES))
    await got.text()
  }
  const etag = String((await always({}, 'HEAD')).headers['etag'])
  expect((await always({ 'if-none-match': etag })).headers['repr-digest']).toBeUndefined()
})

test('another file has another digest, and the old one again its own', async () => {
  const ask = serve({ digest: 'always' })
  const digestNow = async () => (await ask({}, 'HEAD')).headers['repr-digest']
  expect(await digestNow()).toBe(digest('sha-256', BYTES))
  const other = Buffer.alloc(3_000_000, 'z')
  write(other, 1_700_000_001.5)
  expect(await digestNow()).toBe(digest('sha-256', other))
  write(BYTES, 1_700_000_000.5)
  expect(await digestNow()).toBe(digest('sha-256', BYTES))
})

test('a file is read once for all who ask, a failure is not kept, and old ones are forgotten', async () => {
  let reads = 0
  let available = 2_500_000
  const handle = {
    read: async (target: Buffer, _offset: number, length: number, position: number) => {
      reads++
      const bytesRead = Math.max(0, Math.min(length, available - position))
      target.fill('x', 0, bytesRead)
      return { bytesRead }
    },
  } as unknown as FileHandle
  const ask = (key: string | undefined) => digestFile(handle, 'sha-256', 0, 2_500_000, key)
  const [one, two] = await Promise.all([ask('a'), ask('a')])
  await ask('a')
  expect([one === two, reads]).toEqual([true, 3])
  await ask(undefined)
  expect(reads).toBe(6)
  available = 10
  await expect(ask('b')).rejects.toThrow('shorter')
  available = 2_500_000
  expect(Buffer.from(await ask('b')).equals(one)).toBe(true)
  for (let n = 0; n < 1001; n++) await digestFile(handle, 'sha-256', 0, 1, `small ${n}`)
  reads = 0
  await ask('a')
  expect(reads).toBe(3)
})

test('a source that cannot tell says nothing', async () => {
  const source: FileSource = {
    name: 'x',
    open: async () => ({ size: 0, read: async () => 0, close: async () => {} }),
  }
  const got = await serve({ digest: 'always' }, source)(WANT)
  expect([got.status, got.headers['repr-digest']]).toEqual([200, undefined])
})
