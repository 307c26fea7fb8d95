/** What is copied as our client: programs that the types of the server take, and that send what was filled in. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { openAsBlob } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { App, Listening } from 'millrace'
import { createClient } from 'millrace/client'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toClient, toSocketClient } from '../../../src/openapi/console/page/client-snippet.ts'
import { type ApiDocument, readDocument } from '../../../src/openapi/console/page/document.ts'
import { type FormValues, initialValues, prepare } from '../../../src/openapi/console/page/request.ts'
import { streamsItems, toBrowserSocket, toCurl } from '../../../src/openapi/console/page/snippet.ts'
import { compile, writeProject } from '../../types/compiler.ts'

const SERVER = `
import { App, file, form, jsonl, multipart, text, bytes } from 'millrace'
import { z } from 'zod'

export const app = new App({ title: 'Copied', version: '1.0.0' })
const said = (each: unknown) => ({ body: each })

export const rest = app.get('/rest/*path', ({ params }) => ({ path: params.path }))
export const list = app.get(
  '/list/:kind',
  { params: z.object({ kind: z.enum(['tea', 'milk']) }), query: z.object({ n: z.coerce.number<number>().int(), tag: z.array(z.string()) }) },
  ({ params, query }) => ({ ...params, ...query }),
)
export const stats = app.route('HEAD', '/stats', { operationId: 'stats' }, () => {})
export const purge = app.route('PURGE', '/cache/:key', { operationId: 'purge' }, ({ params }) => ({ key: params.key }))
export const words = app.post('/words', { body: z.string() }, ({ body }) => said(body))
export const note = app.post('/note', { body: text }, async ({ body }) => {
  let all = ''
  for await (const each of body) all += String(each)
  return said(all)
})
export const raw = app.post('/raw', { body: bytes() }, async ({ body }) => {
  let size = 0
  for await (const each of body) size += each.byteLength
  return said(size)
})
export const items = app.post('/items', { body: jsonl(z.object({ kind: z.enum(['tea', 'milk']), of: z.array(z.string()).optional() })) }, async ({ body }) => {
  const all: unknown[] = []
  for await (const each of body) all.push(each)
  return said(all)
})
export const plain = app.post('/plain', { body: form({ title: z.string() }) }, ({ body }) => said(body.title))
export const photo = app.post('/photo', { body: form({ title: z.string(), photo: file() }) }, async ({ body }) =>
  said([body.title, body.photo.filename, await body.photo.text()]),
)
export const parts = app.post('/parts', { body: multipart({ photo: file() }) }, async ({ body }) => {
  const names: string[] = []
  for await (const part of body) names.push(part.name)
  return said(names)
})
export const ticks = app.get('/ticks', { streams: jsonl(z.object({ n: z.number() })) }, function* () {
  yield { n: 1 }
})
export const points = app.websocket(
  '/points/:room',
  { query: z.object({ nick: z.string() }), sends: z.object({ room: z.string(), nick: z.string() }) },
  async ({ socket, params, query }) => {
    await socket.send({ room: params.room, nick: query.nick })
    socket.close(1000)
  },
)
export const lines = app.websocket('/lines/*path', { receives: z.string(), sends: z.string() }, async ({ socket, params }) => {
  await socket.send(params.path)
  socket.close(1000)
})
`

const FILE = new File(['it is green'], "it's.txt", { type: 'text/plain' })
const form = 'multipart/form-data'

/** What is filled in by operation, and what the program prints. */
const CASES: Record<string, [Partial<FormValues>, unknown[]]> = {
  rest: [{ parameters: { 'path.path': 'a b/c' } }, [{ path: 'a b/c' }]],
  list: [
    { parameters: { 'path.kind': 'tea', 'query.n': '5', 'query.tag': "a\nit's" } },
    [{ kind: 'tea', n: 5, tag: ['a', "it's"] }],
  ],
  stats: [{}, [undefined]],
  purge: [{ parameters: { 'path.key': 'k' } }, [{ key: 'k' }]],
  words: [{ bodyText: '"it\'s"' }, [{ body: "it's" }]],
  note: [{ bodyText: 'it\'s "two"\nlines' }, [{ body: 'it\'s "two"\nlines' }]],
  raw: [{ files: { '': [FILE] } }, [{ body: 11 }]],
  items: [
    { bodyText: '{"kind":"tea","of":["a"]}\n\n{"kind":"milk"}' },
    [{ body: [{ kind: 'tea', of: ['a'] }, { kind: 'milk' }] }],
  ],
  plain: [{ fields: { title: 'a & b' } }, [{ body: 'a & b' }]],
  photo: [
    { bodyType: form, fields: { title: 'tea' }, files: { photo: [FILE] } },
    [{ body: ['tea', "it's.txt", 'it is green'] }],
  ],
  parts: [{ bodyType: form, files: { photo: [FILE] } }, [{ body: ['photo'] }]],
  ticks: [{}, [{ n: 1 }]],
  points: [{ parameters: { 'path.room': 'r', 'query.nick': 'n' } }, [{ room: 'r', nick: 'n' }]],
  lines: [{ parameters: { 'path.path': 'x/y' } }, ['x/y']],
}

describe('a program that was copied', { timeout: 60_000 }, () => {
  let app: App
  let server: Listening
  let document: ApiDocument
  let project: string
  let folder: string

  beforeAll(async () => {
    project = await writeProject('console-snippet', { 'server.ts': SERVER })
    const exports = (await import(/* @vite-ignore */ join(project, 'server.ts'))) as { app: App }
    app = exports.app
    document = readDocument(await app.openapi({ exports }), await app.asyncapi({ exports }))
    server = await app.listen({ host: '127.0.0.1', port: 0 })
    folder = await mkdtemp(join(tmpdir(), 'snippet-'))
    await writeFile(join(folder, FILE.name), await FILE.text())
  }, 60_000)

  afterAll(async () => {
    await app?.close({ grace: 0 })
    await rm(folder, { recursive: true, force: true })
    await rm(project, { recursive: true, force: true })
  })

  const operation = (id: string) => document.operations.find((each) => each.id === id)!
  const copied = (id: string): string => {
    const own = operation(id)
    const values = { ...initialValues(own, ''), ...CASES[id]![0] }
    return own.kind === 'socket'
      ? toSocketClient(own, values, `${server.url}/`)
      : toClient(own, values, `${server.url}/`, streamsItems(own))
  }

  test('is taken by the types of the server', async () => {
    for (const id of Object.keys(CASES))
      await writeFile(join(project, `${id}.ts`), `${copied(id)}\nexport {}\n`)
    expect((await compile(7, project)).findings).toEqual([])
  })

  test.each(Object.keys(CASES))('sends what was filled in: %s', async (id) => {
    const source = copied(id)
      .replaceAll(/^import .*\n/gm, '')
      .replace(/<typeof import\([^)]*\)>/, '')
    const printed: unknown[] = []
    const globals = {
      createClient: (url: string) => createClient(url, { WebSocket }),
      openAsBlob: (name: string, options?: { type: string }) => openAsBlob(join(folder, name), options),
      console: { log: (value: unknown) => void printed.push(value) },
    }
    const AsyncFunction = (async () => {}).constructor as new (
      ...args: string[]
    ) => (...args: unknown[]) => Promise<void>
    await new AsyncFunction(...Object.keys(globals), source)(...Object.values(globals))
    expect(printed).toEqual(CASES[id]![1])
  })

  test('asks for the form of the reply and the part of it that was chosen', () => {
    const own = operation('ticks')
    if (own.kind !== 'http') throw new Error('It is no socket.')
    const values = { ...initialValues(own, ''), accept: 'application/jsonl', range: '0-9' }
    expect(toClient(own, values, server.url, false)).toContain(
      "api.get('/ticks', { headers: { range: 'bytes=0-9' }, accept: 'application/jsonl' })",
    )
  })

  test('for curl does not wait for the body of a HEAD', () => {
    const own = operation('stats')
    if (own.kind !== 'http') throw new Error('It is no socket.')
    expect(toCurl(prepare(own, initialValues(own, ''), 'http://localhost/'))).toBe(
      'curl -N -I http://localhost/stats',
    )
  })
})

test('a WebSocket for a browser is a program whatever its address is', () => {
  expect(toBrowserSocket("ws://localhost/it's")).toBe('const socket = new WebSocket("ws://localhost/it\'s")')
})
