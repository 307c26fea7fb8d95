/** Forms with files: in order, as they arrive, limited, and saved whole or not at all. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytes, file, form, multipart, type Sink } from 'millrace'
import { expect } from 'vitest'
import { z } from 'zod'
import type { LinkRequest } from './link.ts'
import { type Behaviour, behaviour, expectProblem, until, wait, within } from './transport.ts'

const BOUNDARY = 'millrace-test'

/** A part: a field, or a file with a name and perhaps a type. */
export type SentPart =
  | readonly [name: string, value: string | Uint8Array]
  | readonly [name: string, value: string | Uint8Array, filename: string, type?: string]

export function encodeForm(parts: readonly SentPart[]): Uint8Array {
  const pieces: Uint8Array[] = []
  for (const [name, value, filename, type] of parts) {
    const as = filename === undefined ? '' : `; filename="${filename}"`
    const typed = type === undefined ? '' : `\r\nContent-Type: ${type}`
    pieces.push(
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${as}${typed}\r\n\r\n`),
      typeof value === 'string' ? Buffer.from(value) : value,
      Buffer.from('\r\n'),
    )
  }
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)])
}

export const FORM_TYPE = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }

export const formRequest = (...parts: SentPart[]): LinkRequest => ({
  headers: FORM_TYPE,
  body: encodeForm(parts),
})

/** The same bytes in pieces, without a length. */
async function* inPieces(whole: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) {
    await wait(0)
    yield whole.slice(at, at + size)
  }
}

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-upload-'))
  try {
    await run(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A sink that keeps what it gets, and what becomes of it. */
function memorySink() {
  const log: string[] = []
  const pieces: Uint8Array[] = []
  const sink: Sink = {
    write: (piece) => void pieces.push(piece.slice()),
    close: () => void log.push('close'),
    abort: () => void log.push('abort'),
  }
  return { sink, log, text: () => Buffer.concat(pieces).toString() }
}

export const uploadBehaviours: Behaviour[] = [
  behaviour(
    'a multipart body gives fields and files in the order they were sent',
    async ({ create, open }) => {
      const app = create()
      const parts = {
        title: z.string(),
        count: z.coerce.number(),
        photo: file(),
        notes: file({ many: true }),
      }
      app.post('/', { body: multipart(parts) }, async ({ body }) => {
        const seen: unknown[] = []
        for await (const part of body) {
          if (part.kind === 'field') seen.push([part.name, part.value])
          else seen.push([part.name, part.filename, part.type, await part.text()])
        }
        return seen
      })
      const sent = encodeForm([
        ['title', 'größe'],
        ['notes', 'one', '../1.txt', 'text/plain'],
        ['count', '3'],
        ['photo', '\r\n--millrace', 'a.png', 'image/png'],
        ['notes', '', '2.txt'],
      ])
      const expected = [
        ['title', 'größe'],
        ['notes', '1.txt', 'text/plain', 'one'],
        ['count', 3],
        ['photo', 'a.png', 'image/png', '\r\n--millrace'],
        ['notes', '2.txt', 'application/octet-stream', ''],
      ]
      const link = await open(app)
      for (const body of [sent, inPieces(sent, 1000), inPieces(sent, 7)]) {
        const reply = await link.request('POST', '/', { headers: FORM_TYPE, body })
        expect([reply.status, await reply.json()]).toEqual([200, expected])
      }
    },
  ),

  behaviour('without a declaration any part is taken, within limits', async ({ create, open }) => {
    const app = create()
    app.post('/', { body: multipart() }, async ({ body }) => {
      const seen: string[] = []
      for await (const part of body) seen.push(part.kind === 'field' ? part.value : part.filename)
      return { seen, received: body.received, length: body.length }
    })
    const link = await open(app)
    const sent = formRequest(['__proto__', 'x'], ['a', 'y'], ['constructor', 'z', 'f.txt'])
    const { length } = sent.body as Uint8Array
    expect(await (await link.request('POST', '/', sent)).json()).toEqual({
      seen: ['x', 'y', 'f.txt'],
      received: length,
      length,
    })
    const many = formRequest(...Array.from({ length: 1001 }, () => ['a', ''] as const))
    await expectProblem(await link.request('POST', '/', many), 413, 'BODY_TOO_LARGE')
  }),

  behaviour('what is not read of a form is skipped', async ({ create, open }) => {
    const app = create()
    const large = 'x'.repeat(300_000)
    app.post('/none', { body: multipart({ a: file(), b: file() }) }, async ({ body }) => {
      const names: string[] = []
      for await (const part of body) names.push(part.name)
      return names
    })
    app.post('/some', { body: multipart({ a: file(), b: file() }) }, async ({ body }) => {
      const sizes: number[] = []
      for await (const part of body) {
        if (part.kind !== 'file') continue
        for await (const piece of part) {
          sizes.push(piece.byteLength > 0 ? 1 : 0)
          break
        }
      }
      return sizes
    })
    app.post('/first', { body: multipart({ a: file(), b: file() }) }, async ({ body }) => {
      for await (const part of body) return part.name
      return undefined
    })
    app.post('/late', { body: multipart({ a: file(), b: file() }) }, async ({ body }) => {
      for await (const part of body)
        if (part.kind === 'file') setTimeout(() => void part.text().catch(() => {}), 5)
      return 'ok'
    })
    const link = await open(app)
    const sent = () => formRequest(['a', large, 'a'], ['b', large, 'b'])
    expect(await (await link.request('POST', '/none', sent())).json()).toEqual(['a', 'b'])
    expect(await (await link.request('POST', '/some', sent())).json()).toEqual([1, 1])
    expect(await (await link.request('POST', '/first', sent())).text()).toBe('a')
    expect(await (await link.request('POST', '/late', sent())).text()).toBe('ok')
  }),

  behaviour('a part that is still being read when the next one is asked for is an error', async (scene) => {
    const app = scene.create()
    const errors: unknown[] = []
    app.post('/', { body: multipart({ a: file(), b: file() }) }, async ({ body }) => {
      for await (const part of body) {
        if (part.kind !== 'file') continue
        const reading = part[Symbol.asyncIterator]()
        await reading.next()
      }
    })
    app.onError((error) => {
      errors.push(error)
      return undefined
    })
    const link = await scene.open(app)
    const reply = await link.request('POST', '/', formRequest(['a', 'x', 'a'], ['b', 'y', 'b']))
    expect(reply.status).toBe(500)
    expect(String(errors[0])).toContain('still being read')
  }),

  behaviour('parts that are not as declared are refused, with their names', async ({ create, open }) => {
    const app = create()
    const parts = {
      title: z.string().max(5),
      photo: file({ types: ['image/*', 'application/pdf'], extensions: ['.png', '.pdf'] }),
    }
    app.post('/stream', { body: multipart(parts) }, async ({ body }) => {
      for await (const _ of body);
      return 'ok'
    })
    app.post('/form', { body: form(parts) }, () => 'ok')
    const link = await open(app)
    const photo = ['photo', 'x', 'a.PNG', 'image/png'] as const
    const title = ['title', 'hi'] as const
    const cases: [string, string[], ...SentPart[]][] = [
      ['a field that does not pass', ['title'], ['title', 'too long'], photo],
      ['a field in place of a file', ['photo'], title, ['photo', 'x']],
      ['a file in place of a field', ['title'], ['title', 'x', 'x.txt'], photo],
      ['a file nobody asked for', ['virus'], title, photo, ['virus', 'x', 'x.exe']],
      ['two files for one', ['photo'], title, photo, photo],
      ['a type that is not taken', ['photo'], title, ['photo', 'x', 'a.png', 'text/html']],
      ['a name that is not taken', ['photo'], title, ['photo', 'x', 'a.png.exe', 'image/png']],
      ['no file', ['photo'], title],
      ['a file input without a file', ['photo'], title, ['photo', '', '', 'application/octet-stream']],
      ['no field', ['title'], photo],
      ['nothing', ['title', 'photo']],
    ]
    for (const path of ['/stream', '/form']) {
      for (const [name, wrong, ...sent] of cases) {
        const problem = await expectProblem(await link.request('POST', path, formRequest(...sent)), 422)
        const errors = problem['errors'] as { in: string; path: string[] }[]
        expect([name, errors.map(({ path: at }) => at[0])]).toEqual([name, wrong])
        expect(errors[0]!.in).toBe('body')
      }
      const good = formRequest(title, ['submit', 'Send'], photo)
      expect((await link.request('POST', path, good)).status).toBe(200)
    }
  }),

  behaviour('every limit of a form is a 413, also in pieces', async ({ create, open }) => {
    const app = create()
    const parts = { a: z.string(), f: file({ maxBytes: 1000, optional: true }) }
    const limits = { fieldBytes: 100, fieldsBytes: 400, headerBytes: 200, parts: 4 }
    app.post('/stream', { body: multipart(parts, limits) }, async ({ body }) => {
      for await (const part of body) if (part.kind === 'file') await part.bytes()
      return 'ok'
    })
    app.post('/unread', { body: multipart(parts, limits) }, async ({ body }) => {
      for await (const _ of body);
      return 'ok'
    })
    app.post('/form', { body: form(parts, limits) }, () => 'ok')
    const link = await open(app)
    const field = (size: number) => ['a', 'x'.repeat(size)] as const
    const cases: [string, number, ...SentPart[]][] = [
      ['all kept', 200, field(100), ['f', 'x'.repeat(1000), 'f']],
      ['a field', 413, field(101)],
      ['a file', 413, field(1), ['f', 'x'.repeat(1001), 'f']],
      ['all fields', 413, field(100), field(100), field(100), field(100)],
      ['the number of parts', 413, ...Array.from({ length: 5 }, () => field(0))],
      ['headers', 400, ['a'.repeat(200), '']],
      ['the whole', 413, field(1), ['f', 'x'.repeat(2000), 'f']],
    ]
    for (const path of ['/stream', '/unread', '/form']) {
      for (const [name, status, ...sent] of cases) {
        const whole = encodeForm(sent)
        for (const body of [whole, inPieces(whole, 64)]) {
          const reply = await within(link.request('POST', path, { headers: FORM_TYPE, body }), name)
          expect([path, name, reply.status]).toEqual([path, name, status])
        }
      }
    }
  }),

  behaviour('what is no form is a 400, and another type a 415', async ({ create, open }) => {
    const app = create()
    app.post('/stream', { body: multipart({ a: file() }) }, async ({ body }) => {
      for await (const _ of body);
      return 'ok'
    })
    app.post('/form', { body: form({ a: file() }) }, () => 'ok')
    const link = await open(app)
    const whole = encodeForm([['a', 'hello', 'a']])
    for (const path of ['/stream', '/form']) {
      const status = async (type: string, body: string | Uint8Array) =>
        (await link.request('POST', path, { headers: { 'content-type': type }, body })).status
      const type = FORM_TYPE['content-type']
      expect(await status(type, whole)).toBe(200)
      expect(await status(type, whole.subarray(0, -10))).toBe(400)
      expect(await status(type, '')).toBe(400)
      expect(await status(type, Buffer.from(whole).toString().replace('name="a"', 'x="a"'))).toBe(400)
      expect(await status(type, 'hello')).toBe(400)
      expect(await status('multipart/form-data', whole)).toBe(400)
      expect(await status('multipart/form-data; boundary=other', whole)).toBe(400)
      expect(await status('multipart/mixed; boundary=millrace-test', whole)).toBe(415)
      expect(await status('application/json', '{}')).toBe(415)
      const foreign = { ...FORM_TYPE, origin: 'https://evil.example' }
      expect((await link.request('POST', path, { headers: foreign, body: whole })).status).toBe(403)
    }
  }),

  behaviour('a form gives fields and files as one object', async ({ create, open }) => {
    const app = create()
    const parts = {
      title: z.string().default('none'),
      tags: z.array(z.string()).default([]),
      photo: file({ optional: true }),
      more: file({ many: true, maxCount: 2, optional: true }),
    }
    app.post('/', { body: form(parts) }, async ({ body }) => ({
      ...body,
      photo: body.photo && [body.photo.filename, body.photo.size, await body.photo.text()],
      more: await Promise.all(body.more.map((each) => each.text())),
    }))
    const link = await open(app)
    const send = async (...sent: SentPart[]) => (await link.request('POST', '/', formRequest(...sent))).json()
    expect(await send()).toEqual({ title: 'none', tags: [], more: [] })
    expect(await send(['tags', 'a'], ['photo', 'xyz', 'p.png'], ['more', '1', 'm'])).toEqual({
      title: 'none',
      tags: ['a'],
      photo: ['p.png', 3, 'xyz'],
      more: ['1'],
    })
    expect(
      await send(['tags', 'a'], ['title', 't'], ['tags', 'b'], ['more', '1', 'm'], ['more', '2', 'm']),
    ).toEqual({
      title: 't',
      tags: ['a', 'b'],
      more: ['1', '2'],
    })
    const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' }
    const plain = await link.request('POST', '/', { headers: urlencoded, body: 'title=t&tags=a&tags=b&x=y' })
    expect(await plain.json()).toEqual({ title: 't', tags: ['a', 'b'], more: [] })
  }),

  behaviour('a large file of a form is kept on disk, whole, until the request has ended', async (scene) => {
    const app = scene.create()
    const content = randomBytes(3_000_000)
    app.post('/', { body: form({ f: file() }) }, async ({ body }) => {
      const digest = async () =>
        createHash('sha256')
          .update(await body.f.bytes())
          .digest('hex')
      return { digests: [await digest(), await digest()], size: body.f.size }
    })
    const link = await scene.open(app)
    const hash = createHash('sha256').update(content).digest('hex')
    expect(await (await link.request('POST', '/', formRequest(['f', content, 'f']))).json()).toEqual({
      digests: [hash, hash],
      size: 3_000_000,
    })
  }),

  behaviour(
    'files, forms and raw bodies are saved whole, with a digest on the way',
    async ({ create, open }) => {
      await withDirectory(async (directory) => {
        const app = create()
        const content = randomBytes(700_000)
        const sha256 = createHash('sha256').update(content).digest('hex')
        const options = { digest: 'sha-256', fsync: true } as const
        app.post('/stream', { body: multipart({ f: file() }) }, async ({ body }) => {
          for await (const part of body) {
            if (part.kind === 'file') return part.saveTo(join(directory, part.filename), options)
          }
          return undefined
        })
        app.post('/form', { body: form({ f: file() }) }, ({ body }) =>
          body.f.saveTo(join(directory, body.f.filename), options),
        )
        app.put('/raw', { body: bytes(), bodyLimit: 1_000_000 }, ({ body }) =>
          body.saveTo(join(directory, 'raw'), options),
        )
        const link = await open(app)
        const expected = { bytes: 700_000, digest: sha256 }
        for (const path of ['/stream', '/form']) {
          const reply = await link.request('POST', path, formRequest(['f', content, `${path.slice(1)}`]))
          expect([path, await reply.json()]).toEqual([path, expected])
        }
        expect(await (await link.request('PUT', '/raw', { body: content })).json()).toEqual(expected)
        expect(readdirSync(directory).sort()).toEqual(['form', 'raw', 'stream'])
        for (const name of readdirSync(directory))
          expect(readFileSync(join(directory, name)).equals(content)).toBe(true)
      })
    },
  ),

  behaviour('a file that is there is replaced in one step, or kept', async ({ create, open }) => {
    await withDirectory(async (directory) => {
      const app = create()
      const path = join(directory, 'f')
      app.put('/replace', { body: bytes() }, ({ body }) => body.saveTo(path))
      app.put('/keep', { body: bytes() }, ({ body }) => body.saveTo(path, { overwrite: false }))
      app.put('/nowhere', { body: bytes() }, ({ body }) => body.saveTo(join(directory, 'no', 'such')))
      const link = await open(app)
      expect((await link.request('PUT', '/keep', { body: 'one' })).status).toBe(200)
      await expectProblem(await link.request('PUT', '/keep', { body: 'two' }), 409, 'CONFLICT')
      expect(readFileSync(path, 'utf8')).toBe('one')
      expect((await link.request('PUT', '/replace', { body: 'three' })).status).toBe(200)
      expect(readFileSync(path, 'utf8')).toBe('three')
      const nowhere = await expectProblem(await link.request('PUT', '/nowhere', { body: 'x' }), 500)
      expect(JSON.stringify(nowhere)).not.toContain(directory)
      expect(readdirSync(directory)).toEqual(['f'])
    })
  }),

  behaviour(
    'what fails while it is saved leaves nothing, and what was there before',
    async ({ create, open }) => {
      await withDirectory(async (directory) => {
        const app = create()
        const path = join(directory, 'f')
        writeFileSync(path, 'before')
        app.post('/file', { body: multipart({ f: file({ maxBytes: 100_000 }) }) }, async ({ body }) => {
          for await (const part of body) if (part.kind === 'file') await part.saveTo(path)
        })
        app.put('/raw', { body: bytes(), bodyLimit: 100_000 }, ({ body }) => body.saveTo(path))
        const link = await open(app)
        const large = new Uint8Array(100_001)
        expect((await link.request('POST', '/file', formRequest(['f', large, 'f']))).status).toBe(413)
        expect((await link.request('PUT', '/raw', { body: inPieces(large, 30_000) })).status).toBe(413)
        const cutShort = encodeForm([['f', large.subarray(5), 'f']]).subarray(0, 50_000)
        expect((await link.request('POST', '/file', { headers: FORM_TYPE, body: cutShort })).status).toBe(400)
        expect(readdirSync(directory)).toEqual(['f'])
        expect(readFileSync(path, 'utf8')).toBe('before')
      })
    },
  ),

  behaviour('a client that leaves in the middle of an upload leaves nothing', async ({ create, open }) => {
    await withDirectory(async (directory) => {
      const app = create()
      let started = 0
      let ended = 0
      const path = join(directory, 'f')
      app.post('/', { body: multipart({ f: file() }) }, async ({ body }) => {
        try {
          for await (const part of body) {
            if (part.kind !== 'file') continue
            body.onProgress(() => started++)
            await part.saveTo(path)
          }
        } finally {
          ended++
        }
      })
      const link = await open(app)
      const leaving = new AbortController()
      async function* endless() {
        yield encodeForm([['f', 'x'.repeat(100_000), 'f']]).slice(0, 50_000)
        for (;;) {
          await wait(5)
          if (leaving.signal.aborted) return
          yield new Uint8Array(1000)
        }
      }
      const pending = link
        .request('POST', '/', { headers: FORM_TYPE, body: endless(), signal: leaving.signal })
        .catch(() => {})
      await until(() => started > 2, 'the file is being saved')
      expect(readdirSync(directory)).toEqual([expect.stringMatching(/^\.f\..*\.part$/)])
      leaving.abort()
      await within(pending, 'the request ends')
      await until(() => ended === 1, 'the handler has ended')
      await until(() => readdirSync(directory).length === 0, 'the file is gone')
    })
  }),

  behaviour('a sink of your own, or a web stream, gets the bytes, and is told of the end', async (scene) => {
    const app = scene.create()
    const whole = memorySink()
    const cutOff = memorySink()
    let streamed = ''
    app.post('/sink', { body: multipart({ f: file({ maxBytes: 5 }) }) }, async ({ body, query }) => {
      for await (const part of body) {
        if (part.kind !== 'file') continue
        if ('web' in query) {
          await part.saveTo(
            new WritableStream({ write: (piece: Uint8Array) => void (streamed += Buffer.from(piece)) }),
          )
        } else await part.saveTo('cut' in query ? cutOff.sink : whole.sink)
      }
    })
    const link = await scene.open(app)
    expect((await link.request('POST', '/sink', formRequest(['f', 'hello', 'f']))).status).toBe(204)
    expect([whole.text(), whole.log]).toEqual(['hello', ['close']])
    expect((await link.request('POST', '/sink?cut', formRequest(['f', 'hello!', 'f']))).status).toBe(413)
    expect(cutOff.log).toEqual(['abort'])
    expect((await link.request('POST', '/sink?web', formRequest(['f', 'hello', 'f']))).status).toBe(204)
    expect(streamed).toBe('hello')
  }),

  behaviour(
    'how far an upload is can be followed, with its length where it is known',
    async ({ create, open }) => {
      const app = create()
      app.post('/', { body: multipart({ f: file() }) }, async ({ body }) => {
        const seen: { received: number; length: number | undefined }[] = []
        body.onProgress(({ received, length }) => seen.push({ received, length }))
        for await (const _ of body);
        return {
          last: seen.at(-1),
          grows: seen.every((each, i) => i === 0 || each.received > seen[i - 1]!.received),
        }
      })
      const link = await open(app)
      const whole = encodeForm([['f', new Uint8Array(200_000), 'f']])
      const known = await link.request('POST', '/', { headers: FORM_TYPE, body: whole })
      expect(await known.json()).toEqual({
        last: { received: whole.length, length: whole.length },
        grows: true,
      })
      const unknown = await link.request('POST', '/', { headers: FORM_TYPE, body: inPieces(whole, 50_000) })
      expect(await unknown.json()).toEqual({ last: { received: whole.length }, grows: true })
    },
  ),
]
