/** Files that are not on disk: in memory, and in a store behind HTTP. */
import { createHash } from 'node:crypto'
import { App, httpFile, memoryFile, reply } from 'millrace'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseByteranges } from '../contract/byteranges.ts'
import { type Connect, fetchLink, type Link, type LinkReply, memoryLink, nodeLink } from '../contract/link.ts'
import { expectProblem, type LogEntry, recorder, until, within } from '../contract/transport.ts'
import { type S3Server, startS3 } from './s3-server.ts'

const SIZE = 5_000_001
const BIG = Buffer.alloc(SIZE, 'abcdefghijklmnopqrstuvw')

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function open(connect: Connect, app: App): Promise<Link> {
  const link = await connect(app)
  cleanups.push(() => link.close())
  return link
}

async function readToTheCut(got: LinkReply): Promise<readonly [text: string, error: unknown]> {
  let text = ''
  const read = async () => {
    for (let piece = await got.next(); piece !== undefined; piece = await got.next()) text += piece
  }
  const error = await within(
    read().catch((thrown: unknown) => thrown),
    'the cut',
    8000,
  )
  return [text, error]
}

const LINKS = [
  ['Node', nodeLink],
  ['fetch', fetchLink],
  ['memory', memoryLink],
] as const

describe.each(LINKS)('in memory, over %s', (_, connect) => {
  test('it has a type by its name, a tag of its contents, and parts', async () => {
    const app = new App()
    app.get('/a', () => reply.file(memoryFile('a.svg', '<svg>ü</svg>')))
    app.get('/b', () => reply.file(memoryFile('a.svg', '<svg>ü</svg>', { modified: new Date(0) })))
    app.get('/c', () => reply.file(memoryFile('big', BIG, { etag: '"mine"' }), { digest: 'wanted' }))
    const link = await open(connect, app)
    const a = await link.request('GET', '/a')
    expect([await a.text(), a.headers['content-type']]).toEqual(['<svg>ü</svg>', 'image/svg+xml'])
    const tag = String(a.headers['etag'])
    expect(tag).toBe(
      `"${createHash('sha256').update('<svg>ü</svg>').digest().subarray(0, 18).toString('base64')}"`,
    )
    const b = await link.request('GET', '/b')
    expect([b.headers['etag'], b.headers['last-modified']]).toEqual([tag, 'Thu, 01 Jan 1970 00:00:00 GMT'])
    expect((await link.request('GET', '/b', { headers: { 'if-none-match': tag } })).status).toBe(304)
    const headers = {
      range: 'bytes=1000000-3999999',
      'if-range': '"mine"',
      'want-content-digest': 'sha-512=1',
    }
    const part = await link.request('GET', '/c', { headers })
    const bytes = BIG.subarray(1_000_000, 4_000_000)
    expect(part.headers['content-digest']).toBe(
      `sha-512=:${createHash('sha512').update(bytes).digest('base64')}:`,
    )
    expect((await part.text()) === bytes.toString()).toBe(true)
  })
})

describe.each(LINKS)('in a store, over %s', (name, connect) => {
  let store: S3Server
  let log: LogEntry[]
  let link: Link
  let outcomes: string[]

  beforeEach(async () => {
    store = await startS3()
    cleanups.push(() => store.close())
    store.objects.set('/bucket/film.mp4', { bytes: BIG })
    store.objects.set('/bucket/empty', { bytes: Buffer.alloc(0) })
    log = []
    outcomes = []
    const app = new App({ log: recorder(log) })
    app.get('/*key', ({ params, after }) => {
      after(({ outcome }) => outcomes.push(outcome))
      return reply.file(httpFile(`${store.url}/bucket/${params.key}`))
    })
    link = await open(connect, app)
  })

  test('the whole is one request to the store, with its tag, date, length and a type by its name', async () => {
    const got = await link.request('GET', '/film.mp4')
    expect(got.headers).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(SIZE),
      'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT',
      etag: `"${createHash('md5').update(BIG).digest('hex')}"`,
    })
    expect((await got.text()) === BIG.toString()).toBe(true)
    expect(store.seen).toEqual(['HEAD - 200', 'GET bytes=0- 206'])
    await until(() => store.open === 0, 'the response of the store is closed')
  })

  test('a part begins where it begins, several are as many requests', async () => {
    const one = await link.request('GET', '/film.mp4', { headers: { range: 'bytes=3000000-3999999' } })
    expect((await one.text()) === BIG.subarray(3_000_000, 4_000_000).toString()).toBe(true)
    expect(store.seen).toEqual(['HEAD - 200', 'GET bytes=3000000- 206'])
    const several = await link.request('GET', '/film.mp4', {
      headers: { range: 'bytes=5-9,-3,2000000-2000003' },
    })
    const parts = await parseByteranges(await several.text(), String(several.headers['content-type']))
    expect(parts.map(({ text }) => text)).toEqual([
      BIG.subarray(5, 10).toString(),
      BIG.subarray(-3).toString(),
      BIG.subarray(2_000_000, 2_000_004).toString(),
    ])
    expect(store.seen.slice(2)).toEqual([
      'HEAD - 200',
      'GET bytes=5- 206',
      `GET bytes=${SIZE - 3}- 206`,
      'GET bytes=2000000- 206',
    ])
    await until(() => store.open === 0, 'the responses of the store are closed')
  })

  test('a HEAD, a 304 and a 416 read nothing', async () => {
    const head = await link.request('HEAD', '/film.mp4')
    expect(head.headers['content-length']).toBe(String(SIZE))
    const headers = { 'if-none-match': String(head.headers['etag']) }
    expect((await link.request('GET', '/film.mp4', { headers })).status).toBe(304)
    expect((await link.request('GET', '/film.mp4', { headers: { range: `bytes=${SIZE}-` } })).status).toBe(
      416,
    )
    expect(await (await link.request('GET', '/empty')).text()).toBe('')
    expect(store.seen.filter((each) => each.startsWith('GET'))).toEqual([])
  })

  test('a client that leaves ends the reading', async () => {
    const got = await link.request('GET', '/film.mp4')
    await got.next()
    got.disconnect()
    await until(() => store.open === 0 && outcomes.length === 1, 'the response of the store is closed')
    expect(outcomes).toEqual(['disconnect'])
    if (name !== 'Node') expect(store.sent).toBeLessThan(SIZE)
  })

  test('an object that is replaced between two parts cuts the reply, and is not mixed with the new one', async () => {
    store.onPiece = () => {
      store.objects.set('/bucket/film.mp4', { bytes: Buffer.alloc(SIZE, 'X') })
      return true
    }
    const got = await link.request('GET', '/film.mp4', { headers: { range: 'bytes=0-9,100000-4999999' } })
    const [text, error] = await readToTheCut(got)
    expect(error).toBeInstanceOf(Error)
    expect(text).not.toContain('X')
    expect(store.seen).toEqual(['HEAD - 200', 'GET bytes=0- 206', 'GET bytes=100000- 412'])
    await until(() => outcomes.length === 1, 'after')
    expect(outcomes).toEqual(['error'])
  })

  test('a store that breaks off cuts the reply', async () => {
    let pieces = 0
    store.onPiece = () => ++pieces < 20
    const [text, error] = await readToTheCut(await link.request('GET', '/film.mp4'))
    expect(error).toBeInstanceOf(Error)
    expect(BIG.toString().startsWith(text)).toBe(true)
    await until(() => store.open === 0 && outcomes.length === 1, 'after')
    expect(outcomes).toEqual(['error'])
  })

  test('what is not there is a 404; what the store refuses is a 500 that says nothing of it', async () => {
    await expectProblem(await link.request('GET', '/nothing'), 404, 'NOT_FOUND')
    expect(log).toEqual([])
    store.secret = 'key'
    const refused = await expectProblem(await link.request('GET', '/film.mp4'), 500, 'INTERNAL')
    expect(JSON.stringify(refused)).not.toMatch(/store|bucket|127/)
    expect(String(log[0]!.fields['err'])).toContain('403')
    store.secret = undefined
    store.objects.get('/bucket/film.mp4')!.headers = { 'content-encoding': 'gzip' }
    await expectProblem(await link.request('GET', '/film.mp4'), 500)
    expect(String(log[1]!.fields['err'])).toContain('content coding')
  })
})

describe('reading from a store', () => {
  test('requests are signed by the fetch that is given', async () => {
    const store = await startS3()
    cleanups.push(() => store.close())
    store.objects.set('/a%20b.txt', { bytes: Buffer.from('abc') })
    store.secret = 'signed'
    const file = httpFile(`${store.url}/a%20b.txt`, {
      fetch: (url, init) =>
        fetch(url, { ...init, headers: { ...(init.headers as object), authorization: 'signed' } }),
    })
    expect(file.name).toBe('a b.txt')
    expect(httpFile('http://store/100%.pdf').name).toBe('100%.pdf')
    const opened = (await file.open())!
    const target = new Uint8Array(8)
    expect(await opened.read(target, 1)).toBe(2)
    await opened.close()
    const withHeader = httpFile(`${store.url}/a%20b.txt`, { headers: { authorization: 'signed' } })
    const again = (await withHeader.open())!
    await again.close()
    expect(store.seen).toEqual(['HEAD - 200', 'GET bytes=1- 206', 'HEAD - 200'])
  })

  test('reads may overlap and go back, each gets its own bytes; another object is refused', async () => {
    const store = await startS3()
    cleanups.push(() => store.close())
    store.objects.set('/x', { bytes: BIG })
    const opened = (await httpFile(`${store.url}/x`).open())!
    const read = async (position: number, size: number) => {
      const target = Buffer.alloc(size)
      let got = 0
      while (got < size) got += await opened.read(target.subarray(got), position + got)
      return target.equals(BIG.subarray(position, position + size))
    }
    expect(await Promise.all([read(0, 10), read(500_000, 100_000), read(3, 7), read(4_999_990, 11)])).toEqual(
      [true, true, true, true],
    )
    expect(await opened.read(Buffer.alloc(4), SIZE)).toBe(0)
    store.objects.set('/x', { bytes: Buffer.alloc(SIZE, 'X') })
    await expect(opened.read(Buffer.alloc(4), 0)).rejects.toThrow('412')
    await opened.close()
    await until(() => store.open === 0, 'everything is closed')
  })

  test('a store that ignores ranges is not believed', async () => {
    const ask = async (_url: URL, init: RequestInit) =>
      init.method === 'HEAD'
        ? new Response(null, { headers: { 'content-length': '10' } })
        : new Response('0123456789', { status: 200 })
    const opened = (await httpFile('http://store/x', { fetch: ask }).open())!
    expect(await opened.read(Buffer.alloc(4), 0)).toBe(4)
    await expect(opened.read(Buffer.alloc(4), 8)).rejects.toThrow('answered 200')
    await opened.close()
  })
})
