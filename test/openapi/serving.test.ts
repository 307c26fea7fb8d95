/** Where documents are served, how, and what is told of their problems. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { App, bytes, dependency, HttpError, jsonl, reply, type OpenApiDocument } from 'millrace'
import * as v from 'valibot'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type LogEntry, recorder } from '../contract/transport.ts'

const get = (app: Pick<App, 'fetch'>, path: string, headers: Record<string, string> = {}) =>
  app.fetch(new Request(`http://localhost${path}`, { headers }))

const json = async (response: Response) => (await response.json()) as OpenApiDocument

describe('the documents of an app', () => {
  it('are served by default, and are not listed among its routes', async () => {
    const app = new App({ title: 'Tea', version: '2.0.0', description: 'All about *tea*.' })
    app.get('/tea', () => 'green')
    const response = await get(app, '/openapi.json')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await json(response)).toMatchObject({
      openapi: '3.2.0',
      info: { title: 'Tea', version: '2.0.0', description: 'All about *tea*.' },
    })
    expect(Object.keys((await json(await get(app, '/openapi.json'))).paths)).toEqual(['/tea'])
    expect((await json(await get(app, '/openapi.json?dialect=3.1'))).openapi).toBe('3.1.1')
    expect(await (await get(app, '/asyncapi.json')).json()).toMatchObject({ asyncapi: '3.1.0' })
    expect(app.routes.map(({ path }) => path)).toEqual(['/tea'])
  })

  it('answer HEAD, OPTIONS and other methods as any route does', async () => {
    const app = new App()
    const ask = (method: string) => app.fetch(new Request('http://localhost/openapi.json', { method }))
    const head = await ask('HEAD')
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await ask('OPTIONS')).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect((await ask('POST')).status).toBe(405)
  })

  it('are revalidated by an ETag, of which each dialect has its own', async () => {
    const app = new App()
    app.get('/items', { streams: jsonl(z.string()) }, function* () {})
    const first = await get(app, '/openapi.json')
    const etag = first.headers.get('etag')!
    expect(etag).toMatch(/^"[0-9a-f]{24}"$/)
    expect(first.headers.get('cache-control')).toBe('no-cache')
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get(app, '/openapi.json', { 'if-none-match': known })
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
    }
    expect((await get(app, '/openapi.json', { 'if-none-match': '"other"' })).status).toBe(200)
    expect((await get(app, '/openapi.json?dialect=3.1')).headers.get('etag')).not.toBe(etag)
  })

  it('refuse a dialect that there is not, and say which there are', async () => {
    const response = await get(new App(), '/openapi.json?dialect=3.0')
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ detail: 'There are the dialects 3.2 and 3.1.' })
  })

  it('move, and go away', async () => {
    const moved = new App({ openapi: '/api/schema.json', asyncapi: { path: '/api/async.json' } })
    expect((await get(moved, '/api/schema.json')).status).toBe(200)
    expect((await get(moved, '/api/async.json')).status).toBe(200)
    expect((await get(moved, '/openapi.json')).status).toBe(404)
    const none = new App({ openapi: false, asyncapi: false })
    expect((await get(none, '/openapi.json')).status).toBe(404)
    expect((await get(none, '/asyncapi.json')).status).toBe(404)
    expect((await none.openapi()).openapi).toBe('3.2.0')
    expect((await get(new App({ openapi: { path: false } }), '/openapi.json')).status).toBe(404)
  })

  it('leave the place to a route of the app, and keep it before a parameter', async () => {
    const own = new App()
    own.get('/openapi.json', () => reply.json({ own: true }))
    expect(await (await get(own, '/openapi.json')).json()).toEqual({ own: true })
    const wide = new App()
    wide.get('/:file', ({ params }) => params.file)
    wide.get('/*rest', ({ params }) => params.rest)
    expect((await get(wide, '/openapi.json')).headers.get('content-type')).toBe('application/json')
    expect(await (await get(wide, '/other.json')).text()).toBe('other.json')
  })

  it('leave out hidden routes, which are served all the same', async () => {
    const app = new App()
    app.get('/seen', () => 'seen')
    app.get('/hidden', { hidden: true }, () => 'served')
    app.websocket('/hidden-socket', { hidden: true }, () => {})
    expect(Object.keys((await app.openapi()).paths)).toEqual(['/seen'])
    expect((await app.asyncapi()).channels).toEqual({})
    expect(await (await get(app, '/hidden')).text()).toBe('served')
  })

  it('are open where the routes are guarded: no dependency of the app applies', async () => {
    const guard = dependency(() => {
      throw new HttpError(401)
    })
    const app = new App({ use: { guard } })
    app.get('/private', () => 'secret')
    expect((await get(app, '/private')).status).toBe(401)
    expect((await get(app, '/openapi.json')).status).toBe(200)
  })

  it('know the exports of a module that awaits its own start', () => {
    const program = join(import.meta.dirname, 'self-export.mjs')
    const { status, stdout } = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 30_000 })
    expect([status, stdout]).toEqual([0, 'pourTea\n'])
  })

  it('are the last word of `transform`', async () => {
    const app = new App({
      openapi: { transform: (document) => ({ ...document, 'x-logo': '/logo.svg' }) },
    })
    expect(await json(await get(app, '/openapi.json'))).toMatchObject({ 'x-logo': '/logo.svg' })
  })
})

/** An app whose document has three problems. */
function troubled(options: ConstructorParameters<typeof App>[0]): { app: App; log: LogEntry[] } {
  const log: LogEntry[] = []
  const app = new App({ ...options, log: recorder(log) } as never) as App
  app.get('/valibot', { query: v.object({ a: v.string() }) }, () => 'works')
  app.get('/transform', { returns: z.string().transform((text) => text.length) }, () => 'four')
  app.post('/map', { body: z.object({ deep: z.object({ big: z.bigint() }) }) }, () => {})
  app.get('/fine', { streams: bytes('image/png') }, function* () {})
  return { app, log }
}

const PROBLEMS = [
  'GET /valibot, query: a schema of valibot has no JSON Schema of its own; wrap it in toStandardJsonSchema() of @valibot/to-json-schema, or give the app `openapi: { jsonSchema: (schema) => ... }`',
  `GET /transform, returns: zod's transform has no JSON Schema; give it one with .meta({ type: ... }), or .pipe() it into what comes out`,
  `POST /map, body: "deep.big": zod's bigint has no JSON Schema; give it one with .meta({ type: ... })`,
]

describe('the problems of a document', () => {
  it('keep an app that asks for documents from starting, all of them in one error', async () => {
    for (const options of [{ openapi: '/openapi.json' }, { openapi: {} }, { asyncapi: {} }]) {
      const { app } = troubled(options)
      const error = await app.start().then(
        () => undefined,
        (thrown: Error) => thrown,
      )
      expect(error?.name).toBe('UsageError')
      expect(error?.message).toContain('The API document has 3 problems:\n  - ')
      for (const problem of PROBLEMS) expect(error?.message).toContain(problem)
    }
  })

  it('are logged once by an app that says nothing of documents, and the rest is served', async () => {
    const { app, log } = troubled({})
    expect(await (await get(app, '/valibot?a=1')).text()).toBe('works')
    expect(log).toEqual([])
    const document = await json(await get(app, '/openapi.json'))
    expect(Object.keys(document.paths)).toEqual(['/valibot', '/transform', '/map', '/fine'])
    await get(app, '/openapi.json')
    await get(app, '/openapi.json?dialect=3.1')
    expect(log).toHaveLength(1)
    expect(log[0]).toMatchObject({ level: 'warn' })
    for (const problem of PROBLEMS) expect(log[0]!.message).toContain(problem)
  })

  it('are logged a moment after such an app has begun to listen', async () => {
    const { app, log } = troubled({})
    await app.listen({ port: 0 })
    expect(log).toEqual([])
    await vi.waitFor(() => expect(log).toHaveLength(1), { timeout: 15_000 })
    expect(log[0]!.message).toContain(PROBLEMS[0])
    await app.close()
  })

  it('are nobody’s business where there is no document', async () => {
    const { app, log } = troubled({ openapi: false, asyncapi: false })
    await app.start()
    await get(app, '/valibot?a=1')
    expect(log).toEqual([])
    await expect(app.openapi()).rejects.toThrow('The OpenAPI document has 3 problems')
  })
})

describe('what documents cost', () => {
  it('is nothing before somebody asks: what makes them is not loaded with the package', () => {
    const seen = new Set<string>()
    const visit = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      const source = readFileSync(file, 'utf8')
      for (const match of source.matchAll(/from '(\.[^']+)'/g)) visit(join(dirname(file), match[1]!))
    }
    const dist = join(import.meta.dirname, '../../dist')
    visit(join(dist, 'index.js'))
    expect(seen).toContain(join(dist, 'app-document.js'))
    const loaded = [...seen]
      .map((file) => relative(dist, file))
      .filter((file) => /^(openapi|cli)\//.test(file))
    expect(loaded).toEqual([])
  })

  it('is shared with everybody else: the loop turns while a large one is made', async () => {
    const app = new App()
    for (let i = 0; i < 400; i++) {
      const Row = z.object({
        id: z.uuid(),
        name: z.string(),
        tags: z.array(z.string()),
        n: z.int().default(1),
      })
      app.post(`/rows${i}`, { body: Row, returns: Row }, ({ body }) => body)
    }
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    const document = await app.openapi()
    clearInterval(timer)
    expect(Object.keys(document.paths)).toHaveLength(400)
    // Without slices there would be one or two, for what is loaded.
    expect(turns).toBeGreaterThan(8)
  })
})
