/** Files through every transport: right bytes, honest lengths, handles that are closed. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, type FileSource, reply } from 'millrace'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type Connect, fetchLink, memoryLink, nodeLink } from '../contract/link.ts'
import { parseByteranges } from '../contract/byteranges.ts'
import { expectProblem, type LogEntry, recorder, until, within } from '../contract/transport.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-file-'))
const SIZE = 5_000_000
const BIG = Buffer.alloc(SIZE, 'abcdefghij')
writeFileSync(join(folder, 'big.bin'), BIG)
writeFileSync(join(folder, 'empty.txt'), '')
writeFileSync(join(folder, 'page.html'), '<p>ü</p>')
writeFileSync(join(folder, 'no-extension'), 'x')
symlinkSync('nowhere', join(folder, 'dangling'))
symlinkSync('loop', join(folder, 'loop'))
afterAll(() => rmSync(folder, { recursive: true }))

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A file in memory that knows what is done to it. */
class Watched implements FileSource {
  readonly name = 'watched.bin'
  size = SIZE
  reads = 0
  opened = 0
  closed = 0
  /** What is there to read, which may differ from what was said. */
  available = SIZE
  failAt = Infinity

  async open() {
    this.opened++
    return {
      size: this.size,
      read: async (target: Uint8Array, position: number) => {
        if (this.closed > 0) throw new Error('read after close')
        this.reads++
        if (position >= this.failAt) throw new Error('EIO: /secret/path')
        const at = position % SIZE
        const count = Math.max(0, Math.min(target.byteLength, this.available - position, SIZE - at))
        target.set(BIG.subarray(at, at + count))
        return count
      },
      close: async () => void this.closed++,
    }
  }
}

const LINKS: readonly (readonly [string, Connect])[] = [
  ['Node', nodeLink],
  ['fetch', fetchLink],
  ['memory', memoryLink],
]

for (const [name, connect] of LINKS) {
  const start = async (log: LogEntry[] = []) => {
    const watched = new Watched()
    const app = new App({ log: recorder(log) })
    const outcomes: string[] = []
    app.get('/disk/:name', ({ params }) => reply.file(join(folder, params.name)))
    app.get('/download', () => reply.file(join(folder, 'big.bin'), { downloadAs: 'grö"ße\\.bin' }))
    app.get('/typed', () =>
      reply.file(join(folder, 'big.bin'), { mediaType: 'video/mp4', headers: { 'Last-Modified': 'x' } }),
    )
    app.get('/watched', ({ after }) => {
      after(({ outcome, bytes }) => outcomes.push(`${outcome} ${bytes}`))
      return reply.file(watched)
    })
    const link = await connect(app)
    cleanups.push(() => link.close())
    return { link, watched, outcomes }
  }

  describe(name, () => {
    test('the right bytes, length, media type and date', async () => {
      const { link } = await start()
      const got = await link.request('GET', '/disk/big.bin')
      expect([got.status, got.headers['content-length']]).toEqual([200, String(SIZE)])
      expect(got.headers['content-type']).toBe('application/octet-stream')
      expect(Date.parse(String(got.headers['last-modified']))).toBeGreaterThan(0)
      expect((await got.text()) === BIG.toString()).toBe(true)
      const page = await link.request('GET', '/disk/page.html')
      expect([page.headers['content-type'], await page.text()]).toEqual([
        'text/html; charset=utf-8',
        '<p>ü</p>',
      ])
      const bare = await link.request('GET', '/disk/no-extension')
      expect(bare.headers['content-type']).toBe('application/octet-stream')
      bare.disconnect()
      const empty = await link.request('GET', '/disk/empty.txt')
      expect([empty.status, empty.headers['content-length'], await empty.text()]).toEqual([200, '0', ''])
      const typed = await link.request('GET', '/typed')
      expect([typed.headers['content-type'], typed.headers['last-modified']]).toEqual(['video/mp4', 'x'])
      typed.disconnect()
    })

    test('a part of a large file is exactly that, and several are', async () => {
      const { link } = await start()
      const ask = (range: string) => link.request('GET', '/disk/big.bin', { headers: { range } })
      const part = await ask('bytes=1000001-4000003')
      expect([part.status, part.headers['content-length']]).toEqual([206, '3000003'])
      expect((await part.text()) === BIG.subarray(1_000_001, 4_000_004).toString()).toBe(true)
      const several = await ask('bytes=7-1500000,2000000-4999998,-1')
      const body = await several.text()
      expect(several.headers['content-length']).toBe(String(body.length))
      const parts = await parseByteranges(body, String(several.headers['content-type']))
      expect(parts.map(({ headers }) => headers['content-range'])).toEqual([
        `bytes 7-1500000/${SIZE}`,
        `bytes 2000000-4999999/${SIZE}`,
      ])
      expect(parts[0]!.text === BIG.subarray(7, 1_500_001).toString()).toBe(true)
      expect(parts[1]!.text === BIG.subarray(2_000_000).toString()).toBe(true)
    })

    test('a download has a name that no character can break', async () => {
      const { link } = await start()
      const got = await link.request('HEAD', '/download')
      expect(got.headers['content-disposition']).toBe(
        `attachment; filename="gr___e_.bin"; filename*=UTF-8''gr%C3%B6%22%C3%9Fe%5C.bin`,
      )
    })

    test.each(['missing', 'dangling', 'loop', 'x'.repeat(300), '.hidden'])('%s is a 404', async (missing) => {
      const log: LogEntry[] = []
      const { link } = await start(log)
      const problem = await expectProblem(await link.request('GET', `/disk/${missing}`), 404, 'NOT_FOUND')
      expect(JSON.stringify(problem)).not.toContain(folder)
      expect(log).toEqual([])
    })

    test('a folder is a 404', async () => {
      const app = new App()
      app.get('/', () => reply.file(folder))
      const link = await connect(app)
      cleanups.push(() => link.close())
      await expectProblem(await link.request('GET', '/'), 404)
    })

    test('HEAD tells the length, reads nothing and closes', async () => {
      const { link, watched } = await start()
      const got = await link.request('HEAD', '/watched')
      expect([got.status, got.headers['content-length'], await got.text()]).toEqual([200, String(SIZE), ''])
      await until(() => watched.closed === 1, 'the close')
      expect(watched.reads).toBe(0)
    })

    test('it is closed once, after the last read', async () => {
      const { link, watched, outcomes } = await start()
      expect((await (await link.request('GET', '/watched')).text()).length).toBe(SIZE)
      await until(() => outcomes.length === 1, 'after')
      expect([watched.closed, outcomes]).toEqual([1, [`complete ${SIZE}`]])
    })

    test('a file that became shorter is cut, one that grew is sent as long as it was', async () => {
      const { link, watched, outcomes } = await start()
      watched.available = 3_000_000
      await expect(within((await link.request('GET', '/watched')).text(), 'the cut')).rejects.toThrow()
      await until(() => watched.closed === 1 && outcomes.length === 1, 'the close')
      expect(outcomes[0]).toMatch(/^error /)
      const grown = await start()
      grown.watched.size = 1000
      expect((await (await grown.link.request('GET', '/watched')).text()).length).toBe(1000)
    })

    test('a read that fails cuts, and tells the client nothing', async () => {
      const log: LogEntry[] = []
      const { link, watched } = await start(log)
      watched.failAt = 2_000_000
      const got = await link.request('GET', '/watched')
      let seen = ''
      await expect(
        (async () => {
          for (let piece = await got.next(); piece !== undefined; piece = await got.next()) seen += piece
        })(),
      ).rejects.toThrow()
      expect(seen).not.toContain('secret')
      await until(() => watched.closed === 1 && log.length === 1, 'the close and the log')
      expect(String(log[0]!.fields['err'])).toContain('EIO')
    })

    test('a reader that stops holds up the reading, one that leaves ends it', async () => {
      const { link, watched, outcomes } = await start()
      watched.size = watched.available = SIZE
      const got = await link.request('GET', '/watched')
      await got.next()
      let before = -1
      while (before !== watched.reads) {
        before = watched.reads
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      got.disconnect()
      await until(() => watched.closed === 1 && outcomes.length === 1, 'the close', 1500)
      if (name !== 'Node') expect(watched.reads).toBeLessThan(10)
      expect(outcomes[0]).toMatch(/^(disconnect|complete) /)
    })

    test.each(['at full speed', 'after a pause'])(
      'a client that leaves %s ends the reading within one block',
      async (when) => {
        const watched = new Watched()
        watched.size = watched.available = 2 ** 30
        let readsThen = -1
        const outcomes: string[] = []
        const app = new App({ log: recorder([]) })
        app.get('/', ({ signal, after }) => {
          signal.addEventListener('abort', () => (readsThen = watched.reads))
          after(({ outcome }) => outcomes.push(outcome))
          return reply.file(watched)
        })
        const link = await connect(app)
        cleanups.push(() => link.close())
        const got = await link.request('GET', '/')
        for (let i = 0; i < 20; i++) await got.next()
        if (when === 'after a pause') await new Promise((resolve) => setTimeout(resolve, 500))
        got.disconnect()
        await until(() => watched.closed === 1 && outcomes.length === 1, 'the close')
        expect(outcomes).toEqual(['disconnect'])
        // The one under way, and none that begins later.
        expect(watched.reads - readsThen).toBeLessThanOrEqual(1)
        expect(watched.reads * 64 * 1024).toBeLessThan(watched.size)
        const reads = watched.reads
        await new Promise((resolve) => setTimeout(resolve, 50))
        expect(watched.reads).toBe(reads)
      },
    )
  })
}

test('a file on disk is looked at once, when it is open', async () => {
  const handle = await open(folder)
  const prototype = Object.getPrototypeOf(handle) as { stat(...args: unknown[]): unknown }
  await handle.close()
  const { stat } = prototype
  let looks = 0
  prototype.stat = function (...args) {
    looks++
    return stat.apply(this, args)
  }
  try {
    const app = new App()
    app.get('/', () => reply.file(join(folder, 'page.html')))
    const link = await nodeLink(app)
    cleanups.push(() => link.close())
    for (const headers of [{}, { range: 'bytes=0-1' }, { 'if-none-match': '*' }]) {
      looks = 0
      await (await link.request('GET', '/', { headers })).text()
      expect(looks).toBe(1)
    }
  } finally {
    prototype.stat = stat
  }
})
