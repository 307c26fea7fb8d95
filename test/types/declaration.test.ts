/**
 * Declarations that a user's build writes (`declaration: true`, as in a monorepo whose client imports the
 * types of its server): every type can be named from outside, and routes are described by what goes over
 * the wire, so that the client needs neither the schemas nor the validator.
 */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { compile, type Version, VERSIONS } from './compiler.ts'

const ROOT = join(import.meta.dirname, '../..')

const SERVER = `import { App, bytes, channel, dependency, event, jsonArray, jsonl, reply, Router, sse, text } from 'millrace'
import type { Context } from 'millrace'
import { z } from 'zod'
export const app = new App()
export const Row = z.object({ id: z.string(), price: z.number().default(1) })
export const db = dependency(async function* () { yield { find: async (id: string) => ({ id }) } })
export const user = dependency({ use: { db } }, ({ db }) => db)
export const rows = new Router({ prefix: '/rows', use: { db } })
export const formats = [jsonl(Row), sse(Row), text, bytes('a/b'), jsonArray()] as const
export const chat = channel('chat', z.string())
export const follow = () => chat.subscribe()
export const file = () => reply.file('a')
export const listen = () => app.listen()
export const parts = ({ after, body, head, log, on, request, sleep }: Context) => ({ after, body, head, log, on, request, sleep })
export const declared = () => app.routes

export const list = rows.get('/', { query: z.object({ page: z.string() }), streams: [jsonl(Row), sse(Row)] }, async function* () { yield { id: '1' } })
export const read = rows.get('/:id', { params: z.object({ id: z.uuid() }), returns: Row }, ({ params, db }) => db.find(params.id))
export const write = rows.post('/', { body: Row, returns: Row }, ({ body }) => body)
export const load = rows.post('/load', { body: jsonl(Row) }, async ({ body }) => { let total = 0; for await (const { price } of body) total += price; return { total } })
export const watch = rows.get('/watch', async function* () { yield event({ n: 1 }, { id: '1' }) })
export const download = rows.get('/download', () => reply.file('a'))
export const ws = app.websocket('/rooms/:room', { receives: z.string(), sends: Row }, async ({ socket }) => { for await (const id of socket) await socket.send({ id }) })
`

const CONFIG = {
  extends: join(ROOT, 'tsconfig.base.json'),
  compilerOptions: { emitDeclarationOnly: true, declarationMap: false, rootDir: '.', outDir: 'out' },
  files: ['server.ts'],
}

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

/** A package outside the repository, which has Millrace installed. */
async function writePackage(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-types-'))
  folders.push(folder)
  await mkdir(join(folder, 'node_modules'))
  await symlink(ROOT, join(folder, 'node_modules/millrace'))
  for (const name of ['zod', '@types']) {
    await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

/** What a compiler writes for the server, of its routes. */
async function declare(version: Version): Promise<string> {
  const folder = await writePackage({
    'package.json': '{ "name": "server", "type": "module" }',
    'tsconfig.json': JSON.stringify(CONFIG),
    'server.ts': SERVER,
  })
  expect((await compile(version, folder)).findings).toEqual([])
  const written = await readFile(join(folder, 'out/server.d.ts'), 'utf8')
  return written.slice(written.indexOf('export declare const list:')).replaceAll('import("millrace").', '')
}

it.each(VERSIONS)(
  'by TypeScript %i name every type from outside, and routes without their schemas',
  async (version) => {
    expect(await declare(version)).not.toMatch(/Zod|z\./)
  },
  120_000,
)

it('are as they were when somebody last looked at them', async () => {
  await expect(await declare(7)).toMatchFileSnapshot('declaration.txt')
}, 120_000)
