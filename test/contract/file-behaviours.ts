/** Files: conditions, ranges, and what is said of them (RFC 9110), over every transport. */
import { type FileOptions, type FileSource, type OpenedFile, reply } from 'millrace'
import { expect } from 'vitest'
import { parseByteranges } from './byteranges.ts'
import type { Link, LinkReply } from './link.ts'
import { type Behaviour, behaviour, expectProblem, type Scene, until } from './transport.ts'

/** 62 bytes that do not repeat. */
const TEXT = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const TAG = '"v1"'
const MODIFIED = 'Fri, 02 Jan 2026 03:04:05 GMT'
const LATER = 'Sat, 03 Jan 2026 03:04:05 GMT'

/** A file in memory that knows what is done to it. */
class Tale implements FileSource {
  readonly name = 'tale.txt'
  reads = 0
  opened = 0
  closed = 0
  known: Partial<OpenedFile> = { etag: TAG, modified: new Date(MODIFIED) }
  bytes: Uint8Array = Buffer.from(TEXT)

  async open(): Promise<OpenedFile> {
    this.opened++
    return {
      size: this.bytes.byteLength,
      ...this.known,
      read: async (target, position) => {
        this.reads++
        const part = this.bytes.subarray(position, position + target.byteLength)
        target.set(part)
        return part.byteLength
      },
      close: async () => void this.closed++,
    }
  }
}

async function tell(
  { create, open }: Scene,
  options: FileOptions = {},
): Promise<{
  link: Link
  tale: Tale
  ask: (headers?: Record<string, string>, method?: string) => Promise<LinkReply>
}> {
  const tale = new Tale()
  const app = create()
  app.get('/', () => reply.file(tale, options))
  app.post('/', () => reply.file(tale, options))
  const link = await open(app)
  return { link, tale, ask: (headers = {}, method = 'GET') => link.request(method, '/', { headers }) }
}

/** Status, what of it is a range, and the text. */
async function brief(got: LinkReply) {
  return [got.status, got.headers['content-range'], await got.text()]
}

export const fileBehaviours: Behaviour[] = [
  behaviour('a file comes with its tag, date, length and type', async (scene) => {
    const { ask, tale } = await tell(scene)
    const got = await ask()
    expect(await brief(got)).toEqual([200, undefined, TEXT])
    expect(got.headers).toMatchObject({
      etag: TAG,
      'last-modified': MODIFIED,
      'content-length': '62',
      'content-type': 'text/plain; charset=utf-8',
      'accept-ranges': 'bytes',
    })
    expect(got.headers['cache-control']).toBeUndefined()
    expect(got.headers['content-disposition']).toBeUndefined()
    await until(() => tale.closed === 1, 'the file is closed')
  }),

  behaviour('a client that has the file gets a 304 without a body', async (scene) => {
    const { ask, tale } = await tell(scene, {
      cache: { maxAge: 60 },
      downloadAs: 'a.txt',
      headers: { 'content-security-policy': "default-src 'none'", 'content-location': '/a' },
    })
    for (const method of ['GET', 'HEAD']) {
      for (const headers of [
        { 'if-none-match': TAG },
        { 'if-none-match': `W/${TAG}` },
        { 'if-none-match': `"x", ${TAG}` },
        { 'if-none-match': '*' },
        { 'if-modified-since': MODIFIED },
        { 'if-modified-since': LATER },
        // A range is looked at only when there is something to send (RFC 9110 section 13.2.2).
        { 'if-none-match': TAG, range: 'bytes=0-1' },
      ]) {
        const got = await ask(headers, method)
        expect(await brief(got)).toEqual([304, undefined, ''])
        expect(got.headers).toMatchObject({
          etag: TAG,
          'cache-control': 'max-age=60',
          'content-security-policy': "default-src 'none'",
          'content-location': '/a',
        })
        for (const name of ['content-length', 'content-type', 'content-disposition'])
          expect(got.headers[name], name).toBeUndefined()
      }
    }
    expect(tale.reads).toBe(0)
    await until(() => tale.closed === tale.opened, 'every file is closed')
  }),

  behaviour('a client that has another file gets this one, whatever the dates say', async (scene) => {
    const { ask } = await tell(scene)
    for (const headers of [
      { 'if-none-match': '"v2"' },
      { 'if-none-match': 'v1' },
      { 'if-none-match': '"v2"', 'if-modified-since': LATER },
      { 'if-modified-since': 'Thu, 01 Jan 2026 03:04:05 GMT' },
      { 'if-modified-since': 'whenever' },
    ])
      expect(await brief(await ask(headers))).toEqual([200, undefined, TEXT])
  }),

  behaviour('a file that is not the expected one is a 412', async (scene) => {
    const { ask, tale } = await tell(scene)
    for (const headers of [
      { 'if-match': '"v2"' },
      { 'if-match': `W/${TAG}` },
      { 'if-match': '"v2"', 'if-none-match': TAG },
      { 'if-unmodified-since': 'Thu, 01 Jan 2026 03:04:05 GMT' },
      { 'if-match': '"v2"', range: 'bytes=0-1' },
    ])
      await expectProblem(await ask(headers), 412, 'PRECONDITION_FAILED')
    for (const headers of [
      { 'if-match': TAG },
      { 'if-match': '*' },
      { 'if-unmodified-since': MODIFIED },
      { 'if-match': TAG, 'if-unmodified-since': 'Thu, 01 Jan 2026 03:04:05 GMT' },
    ])
      expect(await brief(await ask(headers))).toEqual([200, undefined, TEXT])
    await until(() => tale.closed === tale.opened, 'every file is closed')
  }),

  behaviour('conditions and ranges are for GET and HEAD, and for a 200', async (scene) => {
    const { ask } = await tell(scene)
    for (const headers of [{ 'if-none-match': TAG }, { 'if-match': '"x"' }, { range: 'bytes=0-1' }])
      expect(await brief(await ask(headers, 'POST'))).toEqual([200, undefined, TEXT])
    const found = await tell(scene, { status: 404 })
    for (const headers of [{ 'if-none-match': TAG }, { range: 'bytes=0-1' }])
      expect(await brief(await found.ask(headers))).toEqual([404, undefined, TEXT])
  }),

  behaviour('one range is a 206 with exactly these bytes', async (scene) => {
    const { ask, tale } = await tell(scene)
    for (const [range, shown, text] of [
      ['bytes=0-9', 'bytes 0-9/62', '0123456789'],
      ['bytes=10-11', 'bytes 10-11/62', 'ab'],
      ['bytes=60-', 'bytes 60-61/62', 'YZ'],
      ['bytes=-3', 'bytes 59-61/62', 'XYZ'],
      ['bytes=-100', 'bytes 0-61/62', TEXT],
      ['bytes=0-', 'bytes 0-61/62', TEXT],
      ['bytes=60-1000', 'bytes 60-61/62', 'YZ'],
      ['bytes=3-4,0-2', 'bytes 0-4/62', '01234'],
      ['bytes=0-1,junk,-,7', 'bytes 0-1/62', '01'],
    ] as const) {
      const got = await ask({ range })
      expect(await brief(got)).toEqual([206, shown, text])
      expect(got.headers).toMatchObject({
        'content-length': String(text.length),
        'content-type': 'text/plain; charset=utf-8',
        etag: TAG,
        'last-modified': MODIFIED,
      })
    }
    await until(() => tale.closed === tale.opened, 'every file is closed')
  }),

  behaviour('several ranges are a multipart that others can read, in the order asked for', async (scene) => {
    const { ask, tale } = await tell(scene)
    const got = await ask({ range: 'bytes=10-12, 0-1, -1, 11-14' })
    const body = await got.text()
    expect(got.status).toBe(206)
    expect(got.headers['content-range']).toBeUndefined()
    expect(got.headers['content-length']).toBe(String(body.length))
    const type = String(got.headers['content-type'])
    expect(type).toMatch(/^multipart\/byteranges; boundary=[\w-]+$/)
    expect(await parseByteranges(body, type)).toEqual(
      [
        ['bytes 10-14/62', 'abcde'],
        ['bytes 0-1/62', '01'],
        ['bytes 61-61/62', 'Z'],
      ].map(([range, text]) => ({
        headers: { 'content-type': 'text/plain; charset=utf-8', 'content-range': range },
        text,
      })),
    )
    const boundary = type.slice(type.indexOf('=') + 1)
    expect(body.startsWith(`--${boundary}\r\n`)).toBe(true)
    expect(body.endsWith(`\r\n--${boundary}--\r\n`)).toBe(true)
    await until(() => tale.closed === 1, 'the file is closed')
  }),

  behaviour('ranges that lie outside are a 416 that tells the size', async (scene) => {
    const { ask, tale } = await tell(scene)
    for (const range of ['bytes=62-', 'bytes=100-200', 'bytes=-0', 'bytes=62-, 70-80']) {
      const got = await ask({ range })
      await expectProblem(got, 416, 'RANGE_NOT_SATISFIABLE')
      expect(got.headers['content-range']).toBe('bytes */62')
    }
    expect(tale.reads).toBe(0)
    await until(() => tale.closed === tale.opened, 'every file is closed')
  }),

  behaviour('what is no range of bytes is ignored, and so are too many', async (scene) => {
    const { ask } = await tell(scene)
    const many = Array.from({ length: 101 }, (_, at) => `${at}-${at}`)
    for (const range of ['items=0-5', 'bytes', 'bytes=', 'bytes=5-4', 'bytes=a-b', `bytes=${many}`])
      expect(await brief(await ask({ range })), range.slice(0, 20)).toEqual([200, undefined, TEXT])
    const never = await tell(scene, { ranges: false })
    const got = await never.ask({ range: 'bytes=0-1' })
    expect(await brief(got)).toEqual([200, undefined, TEXT])
    expect(got.headers['accept-ranges']).toBeUndefined()
  }),

  behaviour('HEAD ignores a range, and reads nothing', async (scene) => {
    const { ask, tale } = await tell(scene)
    for (const range of ['bytes=0-1', 'bytes=62-']) {
      const got = await ask({ range }, 'HEAD')
      expect(await brief(got)).toEqual([200, undefined, ''])
      expect(got.headers).toMatchObject({ 'content-length': '62', 'accept-ranges': 'bytes', etag: TAG })
    }
    expect(tale.reads).toBe(0)
    await until(() => tale.closed === 2, 'both are closed')
  }),

  behaviour('If-Range: the rest of the same file, or all of another one', async (scene) => {
    const { ask, tale } = await tell(scene)
    const rest = [206, 'bytes 60-61/62', 'YZ']
    const whole = [200, undefined, TEXT]
    const range = 'bytes=60-'
    expect(await brief(await ask({ range, 'if-range': TAG }))).toEqual(rest)
    expect(await brief(await ask({ range, 'if-range': MODIFIED }))).toEqual(rest)
    for (const other of ['"v2"', `W/${TAG}`, LATER, 'Thu, 01 Jan 2026 03:04:05 GMT', 'v1', '*'])
      expect(await brief(await ask({ range, 'if-range': other })), other).toEqual(whole)
    // A range outside of a file that is not there any more is no reason for a 416.
    expect(await brief(await ask({ range: 'bytes=100-', 'if-range': '"v2"' }))).toEqual(whole)
    for (const weak of [`W/${TAG}`, TAG, 'now']) {
      // As late as can be: a second later its date is good.
      const modified = new Date()
      tale.known = { etag: `W/${TAG}`, modified }
      const ifRange = weak === 'now' ? modified.toUTCString() : weak
      expect(await brief(await ask({ range, 'if-range': ifRange })), weak).toEqual(whole)
    }
  }),

  behaviour('an empty file has no parts', async (scene) => {
    const { ask, tale } = await tell(scene)
    tale.bytes = new Uint8Array()
    expect(await brief(await ask())).toEqual([200, undefined, ''])
    expect(await brief(await ask({ range: 'bytes=-5' }))).toEqual([200, undefined, ''])
    await expectProblem(await ask({ range: 'bytes=0-' }), 416)
  }),

  behaviour('a date to come is not sent, a tag of ours is yours to replace', async (scene) => {
    const ahead = await tell(scene)
    ahead.tale.known = { modified: new Date(Date.now() + 1e9) }
    const got = await ahead.ask()
    expect(Date.parse(String(got.headers['last-modified']))).toBeLessThanOrEqual(Date.now())
    expect(got.headers['etag']).toBeUndefined()
    await got.text()
    const own = await tell(scene, { etag: 'release 7'.replace(' ', '-'), cache: 'no-cache' })
    const tagged = await own.ask({ range: 'bytes=0-1', 'if-range': '"release-7"' })
    expect(await brief(tagged)).toEqual([206, 'bytes 0-1/62', '01'])
    expect(tagged.headers).toMatchObject({ etag: '"release-7"', 'cache-control': 'no-cache' })
    const none = await tell(scene, { etag: false, headers: { 'Last-Modified': LATER } })
    const dated = await none.ask({ 'if-modified-since': MODIFIED })
    expect([dated.status, dated.headers['etag'], await dated.text()]).toEqual([200, undefined, TEXT])
    expect((await none.ask({ 'if-modified-since': LATER })).status).toBe(304)
  }),

  behaviour('one reply object serves a part and then the whole, without a trace', async (scene) => {
    const tale = new Tale()
    const app = scene.create()
    const shared = reply.file(tale, { headers: { 'x-mine': '1' } })
    app.get('/', () => shared)
    const link = await scene.open(app)
    for (const range of ['bytes=0-1', 'bytes=0-1,5-6', 'bytes=99-']) {
      await (await link.request('GET', '/', { headers: { range } })).text()
      const got = await link.request('GET', '/')
      expect(await brief(got)).toEqual([200, undefined, TEXT])
      expect(got.headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', 'x-mine': '1' })
    }
  }),

  behaviour(
    'a file that cannot be opened is an error with a status, and says nothing of the system',
    async (scene) => {
      const { ask, tale } = await tell(scene)
      tale.open = async () => {
        throw new Error("EACCES: permission denied, open '/secret/path'")
      }
      const problem = await expectProblem(await ask(), 500, 'INTERNAL')
      expect(JSON.stringify(problem)).not.toMatch(/EACCES|secret/)
      expect(String(scene.log[0]!.fields['err'])).toContain('EACCES')
    },
  ),

  behaviour('after() runs for 304, 412 and 416 too', async ({ create, open }) => {
    const tale = new Tale()
    const outcomes: string[] = []
    const app = create()
    app.get('/', ({ after }) => {
      after(({ outcome }) => outcomes.push(outcome))
      return reply.file(tale)
    })
    const link = await open(app)
    for (const headers of [{ 'if-none-match': TAG }, { 'if-match': '"x"' }, { range: 'bytes=99-' }])
      await (await link.request('GET', '/', { headers: headers as Record<string, string> })).text()
    await until(() => outcomes.length === 3, 'after() ran')
    expect(outcomes).toEqual(['complete', 'error', 'error'])
    expect(tale.closed).toBe(3)
  }),

  behaviour(
    'a multipart of a file that became shorter is cut, one of a client that leaves is closed',
    async (scene) => {
      const { ask, tale } = await tell(scene)
      tale.bytes = Buffer.alloc(3_000_000, 'x')
      const { open } = tale
      tale.open = async () => ({ ...(await open.call(tale)), size: 4_000_000 })
      const short = await ask({ range: 'bytes=0-9, 2000000-3999999' })
      await expect(short.text()).rejects.toThrow()
      await until(() => tale.closed === 1, 'the cut one is closed')
      const left = await ask({ range: 'bytes=0-999999, 1500000-2999999' })
      await left.next()
      left.disconnect()
      await until(() => tale.closed === 2, 'the left one is closed')
    },
  ),
]
