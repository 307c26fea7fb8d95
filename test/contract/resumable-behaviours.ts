/** Uploads that survive their connection: the offset is exact, or the request is refused. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type App,
  dependency,
  HttpError,
  resumable,
  type ResumableOptions,
  type UploadProgress,
} from 'millrace'
import { diskStore } from 'millrace/node'
import { expect } from 'vitest'
import type { Link, LinkReply } from './link.ts'
import { type Behaviour, behaviour, expectProblem, type Scene, until, wait, within } from './transport.ts'

interface Place {
  readonly app: App
  readonly link: Link
  readonly directory: string
  readonly saved: (name: string) => Buffer
  readonly progress: UploadProgress[]
  post(body: Uint8Array | undefined, headers?: Record<string, string>): Promise<LinkReply>
  patch(
    at: string,
    offset: number,
    body: Uint8Array | AsyncIterable<Uint8Array> | undefined,
    complete: boolean,
    more?: Record<string, string>,
  ): Promise<LinkReply>
  /** Gives offset, completeness, length. */
  head(at: string): Promise<(string | readonly string[] | undefined)[]>
}

async function withUploads(
  { create, open }: Scene,
  options: Partial<ResumableOptions>,
  run: (place: Place) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-resume-'))
  const progress: UploadProgress[] = []
  try {
    const app = create()
    app.post('/plain', async ({ body, sleep }) => {
      await body.bytes()
      await options.onComplete?.({ plain: true } as never, { sleep } as never)
    })
    app.include(
      resumable('/uploads', {
        store: diskStore(join(directory, 'store')),
        onProgress: (each) => progress.push(each),
        onComplete: async (upload) => {
          await upload.saveTo(join(directory, upload.filename))
          return { name: upload.filename, type: upload.type, size: upload.size }
        },
        ...options,
      }),
    )
    const link = await open(app)
    await run({
      app,
      link,
      directory,
      progress,
      saved: (name) => readFileSync(join(directory, name)),
      post: (body, headers = {}) => link.request('POST', '/uploads', { headers, body }),
      patch: (at, offset, body, complete, more = {}) =>
        link.request('PATCH', at, {
          headers: {
            'content-type': 'application/partial-upload',
            'upload-offset': String(offset),
            'upload-complete': complete ? '?1' : '?0',
            ...more,
          },
          body,
        }),
      async head(at) {
        const { status, headers } = await link.request('HEAD', at)
        expect([status, headers['cache-control']]).toEqual([204, 'no-store'])
        return [headers['upload-offset'], headers['upload-complete'], headers['upload-length']]
      },
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The path that its location means, relative to what was asked. */
const location = ({ headers }: LinkReply) =>
  new URL(headers['location'] as string, 'http://localhost/uploads').pathname
const content = randomBytes(200_000)
const piece = (from: number, to?: number) => content.subarray(from, to)

async function* endless(stop: AbortSignal, first: Uint8Array): AsyncGenerator<Uint8Array> {
  yield first
  while (!stop.aborted) {
    await wait(5)
    yield new Uint8Array(10)
  }
}

/** A store that takes its time for the last bytes, and tells when it is at that. */
function slowStore() {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-slow-store-'))
  const store = diskStore(directory)
  const append: ResumableOptions['store']['append'] = async (id, offset) => {
    const appender = await store.append(id, offset)
    const close = async () => {
      slow.storing = true
      await wait(200)
      await appender.close()
    }
    return { write: (bytes) => appender.write(bytes), close }
  }
  const slow = {
    store: { ...store, append },
    storing: false,
    remove: () => rmSync(directory, { recursive: true }),
  }
  return slow
}

export const resumableBehaviours: Behaviour[] = [
  behaviour('an upload in one request is answered by what the app makes of it', (scene) =>
    withUploads(scene, {}, async ({ post, saved, head }) => {
      for (const headers of [
        {},
        { 'upload-complete': '?1' },
        { 'upload-complete': '?1', 'upload-length': '200000' },
      ]) {
        const reply = await post(content, {
          'content-type': 'image/png',
          'content-disposition': `inline; filename="../a b.png"`,
          ...headers,
        })
        expect(reply.status).toBe(200)
        expect(reply.headers['upload-complete']).toBe('?1')
        expect(await reply.json()).toEqual({ name: 'a b.png', type: 'image/png', size: 200_000 })
        expect(saved('a b.png').equals(content)).toBe(true)
        expect(await head(location(reply))).toEqual(['200000', '?1', '200000'])
      }
    }),
  ),

  behaviour('an upload in several requests, of known and of unknown length', (scene) =>
    withUploads(scene, {}, async ({ post, patch, head, saved, progress }) => {
      for (const length of [undefined, '200000']) {
        const created = await post(piece(0, 50_000), {
          'upload-complete': '?0',
          'content-disposition': "inline; filename*=UTF-8''gr%C3%B6%C3%9Fe",
          ...(length === undefined ? {} : { 'upload-length': length }),
        })
        expect([
          created.status,
          created.headers['upload-offset'],
          created.headers['upload-complete'],
        ]).toEqual([201, '50000', '?0'])
        expect(created.headers['upload-limit']).toMatch(/^max-size=1073741824, max-age=86\d{3}$/)
        const at = location(created)
        expect(await head(at)).toEqual(['50000', '?0', length])
        const appended = await patch(at, 50_000, piece(50_000, 90_000), false)
        expect([
          appended.status,
          appended.headers['upload-offset'],
          appended.headers['upload-complete'],
        ]).toEqual([204, '90000', '?0'])
        const empty = await patch(at, 90_000, undefined, false)
        expect([empty.status, empty.headers['upload-offset']]).toEqual([204, '90000'])
        const last = await patch(at, 90_000, piece(90_000), true)
        expect([last.status, last.headers['upload-complete']]).toEqual([200, '?1'])
        expect(await last.json()).toEqual({ name: 'größe', type: 'application/octet-stream', size: 200_000 })
        expect(saved('größe').equals(content)).toBe(true)
        expect(await head(at)).toEqual(['200000', '?1', '200000'])
        expect(progress.at(-1)!.offset).toBe(200_000)
      }
    }),
  ),

  behaviour('an upload goes on from where it is, or not at all', (scene) =>
    withUploads(scene, {}, async ({ post, patch, head, link, saved }) => {
      const at = location(await post(piece(0, 1000), { 'upload-complete': '?0', 'upload-length': '2000' }))
      for (const offset of [0, 999, 1001, 2000]) {
        const reply = await patch(at, offset, piece(offset, offset + 10), false)
        expect(reply.headers['upload-offset']).toBe('1000')
        expect(await expectProblem(reply, 409, 'UPLOAD_OFFSET_MISMATCH')).toMatchObject({
          type: 'https://iana.org/assignments/http-problem-types#mismatching-upload-offset',
          'expected-offset': 1000,
          'provided-offset': offset,
        })
      }
      const bare = await link.request('PATCH', at, {
        headers: { 'content-type': 'application/partial-upload' },
        body: 'x',
      })
      await expectProblem(bare, 400)
      const malformed = {
        'content-type': 'application/partial-upload',
        'upload-offset': '-1',
        'upload-complete': 'true',
      }
      await expectProblem(await link.request('PATCH', at, { headers: malformed, body: 'x' }), 400)
      const coded = { 'content-encoding': 'gzip' }
      await expectProblem(await patch(at, 1000, piece(1000, 1010), false, coded), 415)
      const typed = { 'content-type': 'application/json', 'upload-offset': '1000', 'upload-complete': '?1' }
      await expectProblem(await link.request('PATCH', at, { headers: typed, body: '{}' }), 415)
      expect(await head(at)).toEqual(['1000', '?0', '2000'])
      expect((await patch(at, 1000, piece(1000, 2000), true)).status).toBe(200)
      expect(saved('file').equals(piece(0, 2000))).toBe(true)
      const after = await patch(at, 2000, undefined, true)
      expect(await expectProblem(after, 400, 'UPLOAD_COMPLETE')).toMatchObject({
        type: 'https://iana.org/assignments/http-problem-types#completed-upload',
      })
    }),
  ),

  behaviour('lengths that contradict each other are refused', (scene) =>
    withUploads(scene, {}, async ({ post, patch, head, link, directory }) => {
      const type = 'https://iana.org/assignments/http-problem-types#inconsistent-upload-length'
      const inconsistent = async (reply: LinkReply) =>
        expect(await expectProblem(reply, 400, 'UPLOAD_LENGTH_MISMATCH')).toMatchObject({ type })
      await inconsistent(await post(piece(0, 100), { 'upload-complete': '?1', 'upload-length': '101' }))
      await inconsistent(await post(piece(0, 100), { 'upload-complete': '?0', 'upload-length': '99' }))
      expect(readdirSync(directory)).toEqual([])
      const at = location(await post(piece(0, 100), { 'upload-complete': '?0', 'upload-length': '200' }))
      await inconsistent(await patch(at, 100, piece(100, 150), true))
      await inconsistent(await patch(at, 100, piece(100, 150), false, { 'upload-length': '150' }))
      await inconsistent(await patch(at, 100, piece(100, 250), false))
      expect(await head(at)).toEqual(['100', '?0', '200'])
      // Whose length is not announced is refused where it gets too long, and what is kept of it is gone.
      async function* tooLong() {
        yield piece(100, 180)
        await wait(5)
        yield piece(180, 250)
      }
      await inconsistent(await patch(at, 100, tooLong(), false))
      expect((await link.request('HEAD', at)).status).toBe(404)
      expect(readdirSync(join(directory, 'store'))).toEqual([])
    }),
  ),

  behaviour('an upload that is too large is a 413, announced or not', (scene) =>
    withUploads(scene, { maxBytes: 1000 }, async ({ post, patch, link, directory }) => {
      for (const reply of [
        await post(piece(0, 1001)),
        await post(piece(0, 10), { 'upload-complete': '?0', 'upload-length': '1001' }),
      ]) {
        expect(reply.headers['upload-limit']).toMatch(/^max-size=1000, /)
        await expectProblem(reply, 413, 'BODY_TOO_LARGE')
      }
      const at = location(await post(piece(0, 900), { 'upload-complete': '?0' }))
      await expectProblem(await patch(at, 900, piece(900, 1001), false), 413)
      async function* chunked() {
        yield piece(900, 950)
        await wait(5)
        yield piece(950, 1001)
      }
      await expectProblem(await patch(at, 900, chunked(), true), 413)
      expect((await link.request('HEAD', at)).status).toBe(404)
      expect(readdirSync(join(directory, 'store'))).toEqual([])
      const options = await link.request('OPTIONS', '/uploads')
      expect([options.status, options.headers['accept-patch'], options.headers['upload-limit']]).toEqual([
        204,
        'application/partial-upload',
        'max-size=1000, max-age=86400',
      ])
    }),
  ),

  behaviour('a new upload that the store has no room for leaves nothing; one that goes on stays', (scene) => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-full-'))
    const disk = diskStore(directory)
    let room = Infinity
    const full = () => new HttpError('INSUFFICIENT_STORAGE')
    const append: ResumableOptions['store']['append'] = async (id, offset) => {
      const appender = await disk.append(id, offset)
      const write = (bytes: Uint8Array) => {
        if ((room -= bytes.byteLength) < 0) throw full()
        return appender.write(bytes)
      }
      // What is written behind is told by the close.
      const close = () => appender.close().then(() => (room === 0 ? Promise.reject(full()) : undefined))
      return { write, close }
    }
    return withUploads(scene, { store: { ...disk, append } }, async ({ post, patch, head }) => {
      for (const headers of [{}, { 'upload-complete': '?0' }, { 'upload-complete': '?1' }]) {
        for (room of [10, 1000]) {
          await expectProblem(await post(piece(0, 1000), headers), 507, 'INSUFFICIENT_STORAGE')
          expect(readdirSync(directory)).toEqual([])
        }
      }
      room = Infinity
      const at = location(await post(piece(0, 100), { 'upload-complete': '?0' }))
      room = 10
      await expectProblem(await patch(at, 100, piece(100, 200), true), 507)
      room = Infinity
      expect((await head(at)).slice(0, 2)).toEqual(['100', '?0'])
      expect((await patch(at, 100, piece(100, 200), true)).status).toBe(200)
    }).finally(() => rmSync(directory, { recursive: true }))
  }),

  behaviour('what has arrived stays when a client leaves, to the byte', (scene) =>
    withUploads(scene, {}, async ({ post, patch, head, link, progress, saved }) => {
      const at = location(await post(undefined, { 'upload-complete': '?0' }))
      let offset = 0
      for (let round = 1; round <= 3; round++) {
        const leaving = new AbortController()
        async function* cutOff() {
          yield piece(offset, offset + 30_000)
          await new Promise((resolve) => leaving.signal.addEventListener('abort', resolve))
        }
        const before = offset
        const headers = {
          'content-type': 'application/partial-upload',
          'upload-offset': String(offset),
          'upload-complete': '?1',
        }
        const pending = link
          .request('PATCH', at, { headers, body: cutOff(), signal: leaving.signal })
          .catch(() => {})
        await until(() => (progress.at(-1)?.offset ?? 0) >= before + 30_000, 'it has arrived')
        leaving.abort()
        await within(pending, 'the client has left')
        const [now, complete] = await head(at)
        expect([now, complete]).toEqual([String(before + 30_000), '?0'])
        offset = Number(now)
      }
      expect((await patch(at, offset, piece(offset), true)).status).toBe(200)
      expect(saved('file').equals(content)).toBe(true)
    }),
  ),

  behaviour('a new request ends the one before, and what that had brought stays', (scene) =>
    withUploads(scene, {}, async ({ post, patch, head, link, progress }) => {
      const stop = new AbortController()
      const at = location(await post(undefined, { 'upload-complete': '?0' }))
      const hanging = patch(at, 0, endless(stop.signal, piece(0, 1000)), true).catch(() => undefined)
      await until(() => progress.length > 3, 'it is under way')
      const [offset, complete] = await within(head(at), 'the offset')
      expect(complete).toBe('?0')
      expect(Number(offset)).toBeGreaterThanOrEqual(1000)
      stop.abort()
      await within(hanging, 'the first one has ended')
      expect(await head(at)).toEqual([offset, '?0', undefined])
      expect((await link.request('DELETE', at)).status).toBe(204)
      expect((await link.request('HEAD', at)).status).toBe(404)
      expect((await link.request('DELETE', at)).status).toBe(404)
    }),
  ),

  behaviour('who asks while the app is at work on a complete upload waits, and does not end it', (scene) => {
    let begun = 0
    let processed = 0
    const onComplete: ResumableOptions['onComplete'] = async (_, { sleep }) => {
      begun++
      await sleep(200)
      processed++
      return { done: true }
    }
    return withUploads(scene, { onComplete }, async ({ post, patch, head }) => {
      const at = location(await post(undefined, { 'upload-complete': '?0' }))
      const last = patch(at, 0, content, true)
      await until(() => begun === 1, 'the app is at work')
      expect(await head(at)).toEqual(['200000', '?1', '200000'])
      expect(processed).toBe(1)
      expect(await (await last).json()).toEqual({ done: true })
    })
  }),

  behaviour('a request that is given up while its last bytes are stored completes nothing', (scene) => {
    const slow = slowStore()
    const aborted: boolean[] = []
    const onComplete: ResumableOptions['onComplete'] = (_, { signal }) => void aborted.push(signal.aborted)
    return withUploads(scene, { store: slow.store, onComplete }, async ({ post, patch, head }) => {
      const at = location(await post(undefined, { 'upload-complete': '?0' }))
      slow.storing = false
      const first = patch(at, 0, content, true).catch(() => undefined)
      await until(() => slow.storing, 'all has arrived')
      expect(await head(at)).toEqual(['200000', '?0', '200000'])
      expect(aborted).toEqual([])
      await first
      // Its sender goes on, with nothing left to send, and now there is somebody to hear the answer.
      expect((await patch(at, 200_000, undefined, true)).status).toBe(204)
      expect(aborted).toEqual([false])
    }).finally(slow.remove)
  }),

  behaviour('a client that leaves while its last bytes are stored has sent them all', (scene) => {
    const slow = slowStore()
    const sizes: number[] = []
    const onComplete: ResumableOptions['onComplete'] = ({ size }) => void sizes.push(size)
    return withUploads(scene, { store: slow.store, onComplete }, async ({ post, link, head }) => {
      const at = location(await post(undefined, { 'upload-complete': '?0' }))
      slow.storing = false
      const leaving = new AbortController()
      const type = 'application/partial-upload'
      const headers = { 'content-type': type, 'upload-offset': '0', 'upload-complete': '?1' }
      const sent = link.request('PATCH', at, { headers, body: content, signal: leaving.signal })
      const left = sent.catch(() => {})
      await until(() => slow.storing, 'all has arrived')
      leaving.abort()
      await within(left, 'the client has left')
      await until(() => sizes.length === 1, 'it is processed')
      expect(sizes).toEqual([200_000])
      expect(await head(at)).toEqual(['200000', '?1', '200000'])
    }).finally(slow.remove)
  }),

  behaviour('what has arrived whole is processed to the end, though its client leaves', (scene) => {
    const told: string[] = []
    const work = async (name: string, sleep: (ms: number) => Promise<void>) => {
      told.push(`${name} begins`)
      await sleep(300).then(
        () => told.push(`${name} ends`),
        () => told.push(`${name} is cancelled`),
      )
    }
    const onComplete: ResumableOptions['onComplete'] = (upload, { sleep }) =>
      work('plain' in upload ? 'plain' : 'upload', sleep)
    return withUploads(scene, { onComplete }, async ({ link, post, head }) => {
      const at = location(await post(undefined, { 'upload-complete': '?0' }))
      const leave = async (method: string, path: string, headers: Record<string, string>, name: string) => {
        const leaving = new AbortController()
        const pending = link.request(method, path, { headers, body: content, signal: leaving.signal })
        const left = pending.catch(() => {})
        await until(() => told.includes(`${name} begins`), 'the work begins')
        leaving.abort()
        await within(left, 'the client has left')
      }
      const type = 'application/partial-upload'
      const headers = { 'content-type': type, 'upload-offset': '0', 'upload-complete': '?1' }
      await leave('PATCH', at, headers, 'upload')
      expect(await head(at)).toEqual(['200000', '?1', '200000'])
      expect(told).toEqual(['upload begins', 'upload ends'])
      // Control: the same client, of a route that says nothing of it.
      await leave('POST', '/plain', {}, 'plain')
      await until(() => told.length === 4, 'its work ends')
      expect(told.at(-1)).toBe('plain is cancelled')
    })
  }),

  behaviour('work that failed is done again for who asks again, once at a time', (scene) => {
    let runs = 0
    let atWork = 0
    let most = 0
    const onComplete: ResumableOptions['onComplete'] = async (upload, { sleep }) => {
      most = Math.max(most, ++atWork)
      try {
        const run = ++runs
        await upload.saveTo(join(target, upload.filename), { overwrite: false })
        await sleep(20)
        if (run < 3) throw run === 1 ? new Error('The database is away.') : new HttpError(503)
        return { run, size: (await upload.bytes()).byteLength }
      } finally {
        atWork--
      }
    }
    let target = ''
    return withUploads(scene, { onComplete }, async ({ directory, post, patch, head, saved }) => {
      target = directory
      async function* unannounced() {
        yield content
      }
      const at = location(await post(undefined, { 'upload-complete': '?0' }))
      const failed = await patch(at, 0, unannounced(), true)
      expect([failed.status, failed.headers['upload-complete']]).toEqual([500, '?0'])
      // All is there, and only that: it is not complete.
      expect(await head(at)).toEqual(['200000', '?0', '200000'])
      await expectProblem(await patch(at, 200_000, piece(0, 1), true), 400, 'UPLOAD_LENGTH_MISMATCH')
      expect((await patch(at, 200_000, undefined, true)).status).toBe(503)
      // Three clients at once: one of them has it done, the others are told that it is.
      const replies = await Promise.all([1, 2, 3].map(() => patch(at, 200_000, undefined, true)))
      const done = replies.filter(({ status }) => status === 200)
      expect(done).toHaveLength(1)
      expect(await done[0]!.json()).toEqual({ run: 3, size: 200_000 })
      for (const { status } of replies) expect([200, 400, 409]).toContain(status)
      expect([runs, most]).toEqual([3, 1])
      expect(await head(at)).toEqual(['200000', '?1', '200000'])
      expect(saved('file').equals(content)).toBe(true)
      // Now it has no other name.
      expect(readdirSync(join(directory, 'store')).map((name) => name.slice(36))).toEqual(['.json'])
    })
  }),

  behaviour('what the app refuses of an upload is its answer, and the upload is complete', (scene) => {
    const onComplete = () => {
      throw new HttpError(422, { detail: 'A virus.' })
    }
    return withUploads(scene, { onComplete }, async ({ post, head }) => {
      const reply = await post(content)
      expect(reply.headers['upload-complete']).toBe('?1')
      const at = location(reply)
      await expectProblem(reply, 422)
      expect(await head(at)).toEqual(['200000', '?1', '200000'])
    })
  }),

  behaviour('a guard stands in front of every request of an upload', (scene) => {
    const user = dependency(({ headers }) => {
      if (headers['authorization'] === undefined) throw new HttpError(401)
      return headers['authorization'] as string
    })
    let seen: unknown
    const onComplete = (_: unknown, context: object) => void (seen = (context as { user: string }).user)
    return withUploads(scene, { use: { user }, onComplete } as never, async ({ post, link, directory }) => {
      for (const method of ['POST', 'HEAD', 'PATCH', 'DELETE'])
        expect(
          (await link.request(method, method === 'POST' ? '/uploads' : `/uploads/${crypto.randomUUID()}`))
            .status,
        ).toBe(401)
      expect(readdirSync(directory)).toEqual([])
      expect((await post(content, { authorization: 'me' })).status).toBe(204)
      expect(seen).toBe('me')
    })
  }),

  behaviour('an upload expires, and so does what its app left behind', (scene) =>
    withUploads(
      scene,
      { maxAge: 300, onComplete: () => 'kept' },
      async ({ post, link, directory, patch }) => {
        const at = location(await post(piece(0, 10), { 'upload-complete': '?0' }))
        await post(content)
        expect(readdirSync(join(directory, 'store'))).toHaveLength(4)
        await wait(350)
        await expectProblem(await patch(at, 10, piece(10), true), 404)
        expect((await link.request('HEAD', at)).status).toBe(404)
        expect(readdirSync(join(directory, 'store'))).toHaveLength(2)
      },
    ),
  ),

  behaviour('an id that is none is a 404, and no path', (scene) =>
    withUploads(scene, {}, async ({ link }) => {
      for (const id of ['x', '..', '%2e%2e', '..%2f..%2fetc', crypto.randomUUID(), 'a'.repeat(36)]) {
        for (const method of ['HEAD', 'DELETE']) {
          const { status } = await link.request(method, `/uploads/${id}`)
          expect([id, [400, 404, 405].includes(status)]).toEqual([id, true])
        }
      }
    }),
  ),

  behaviour('a page of another origin cannot upload without asking', (scene) =>
    withUploads(scene, {}, async ({ post }) => {
      await expectProblem(await post(content, { origin: 'https://evil.example' }), 403)
    }),
  ),
]
