/**
 * What editors show over the names of a program, and offer while it is written. The texts are kept in
 * `hover.txt`, to be looked at whenever they change: they speak of the user's types, and not of ours.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { writeProject } from './compiler.ts'
import { type Editor, openEditor } from './editor.ts'

/** The mark `^` stands in front of each name that is looked at. */
const PROGRAM = `import { App, channel, dependency, event, jsonl, reply, Router, sse, text } from 'millrace'
import { z } from 'zod'
interface Db { find(id: string): Promise<{ id: string }> }
declare const pool: Db
const Row = z.object({ id: z.string(), price: z.number().default(1) })
const Page = z.object({ limit: z.coerce.number(), since: z.coerce.date().optional() })

export const ^app = new App()
export const ^db = ^dependency(async function* () { yield pool })
export const ^user = dependency({ use: { db }, headers: z.object({ authorization: z.string() }) }, async (^ctx) => ({ name: ctx.headers.authorization }))
export const ^chat = ^channel('chat', z.string())

export const ^read = app.^get('/rows/:id', (^ctx) => ({ id: ctx.^params.id }))
export const ^list = app.^get('/rows', { query: Page, returns: z.array(Row) }, (^ctx) => [{ id: String(ctx.^query.limit) }])
export const ^write = app.post('/rows', { body: Row, use: { db, user }, returns: Row }, (^ctx) => ctx.body)
export const ^watch = app.get('/rows/:id/changes', { ^query: Page, ^use: { db }, ^streams: [jsonl(Row), sse(Row)] },
  async function* ({ ^params, ^query, ^db, ^sleep, ^head, ^signal, ^after }) { yield ^event({ id: params.id }, { id: '1' }) })
export const ^download = app.get('/download', () => reply.^file('large.zip'))

const items = new Router({ prefix: '/items', use: { db } })
export const ^shop = ^items
export const ^item = items.get('/:id', (^ctx) => ctx.db.find(ctx.params.id))

export const ^ws = app.^websocket('/rooms/:room', { receives: Row, sends: z.string() }, async ({ ^socket }) => {
  socket.^follow(chat)
  for await (const ^message of socket) await socket.^send(message.id)
})
export const ^format = ^text
export const ^events = ^sse(Row)
reply.^json({})
reply.^stream(['a'])
`

/** Our own helper types, which nobody should have to know. */
const INTERNAL = /Handlers|KnownOptions|Inputs<|InputOf|Used<|ClientView|SocketView|Wire|TakenName|never/

/** Over functions with type arguments TypeScript shows all of them, and options with schemas are long. */
const GENERIC = new Set(['get', 'websocket'])

const FILE = 'program.ts'
let editor: Editor
const places: { readonly name: string; readonly position: number }[] = []

beforeAll(async () => {
  let text = ''
  for (const part of PROGRAM.split('^')) {
    if (text !== '') places.push({ name: /^\w+/.exec(part)![0], position: text.length })
    text += part
  }
  editor = openEditor(await writeProject('hover', { [FILE]: text }))
  editor.hover(FILE, places[0]!.position)
}, 120_000)

it('shows what it showed when somebody last looked at it', async () => {
  const shown = places.map(({ name, position }) => {
    const { signature, docs } = editor.hover(FILE, position)
    return [`# ${name}`, signature, docs].filter((part) => part !== '').join('\n\n')
  })
  await expect(`${shown.join('\n\n\n')}\n`).toMatchFileSnapshot('hover.txt')
})

it('shows no type that nobody has to know', () => {
  for (const { name, position } of places) {
    const { signature } = editor.hover(FILE, position)
    expect(signature, name).not.toMatch(INTERNAL)
    expect(signature, name).not.toMatch(/\bany\b/)
    if (!GENERIC.has(name)) expect(signature.length, `${name}: ${signature}`).toBeLessThan(400)
  }
})

it('says over options and members what they are for', () => {
  const names = [
    'dependency',
    'channel',
    'sse',
    'use',
    'streams',
    'query',
    'params',
    'head',
    'get',
    'socket',
    'follow',
    'send',
    'file',
    'json',
    'stream',
  ]
  for (const name of names) {
    const { docs } = editor.hover(FILE, places.find((place) => place.name === name)!.position)
    expect(docs, name).not.toBe('')
  }
})

describe('completion', () => {
  /** What is offered at the mark in a line of its own. */
  const offered = (line: string): string[] => {
    const text = `${editor.read(FILE).split('// typed\n')[0]}// typed\n${line.replace('^', '')}\n`
    editor.write(FILE, text)
    return editor.complete(FILE, text.lastIndexOf(line.replace('^', '')) + line.indexOf('^'))
  }

  it.each([
    ['options, before there is a handler', `app.get('/x', { ^ })`, ['query', 'returns', 'streams', 'use']],
    ['options, after others', `app.get('/x', { query: Page, ^ })`, ['returns', 'streams', 'use']],
    ['options, in front of a handler', `app.get('/x', { re^ }, () => 1)`, ['returns']],
    ['options of a socket', `app.websocket('/x', { ^ }, async () => {})`, ['receives', 'sends']],
    ['options of a dependency', `dependency({ ^ })`, ['scope', 'use']],
    ['the context', `app.get('/x', { use: { db } }, (ctx) => ctx.^)`, ['query', 'sleep', 'db']],
    ['the context, taken apart', `app.get('/x', { use: { db } }, ({ ^ }) => 1)`, ['query', 'sleep', 'db']],
    ['the query', `app.get('/x', { query: Page }, ({ query }) => query.^)`, ['limit', 'since']],
    ['parameters', `app.get('/:a/:b', ({ params }) => params.^)`, ['a', 'b']],
    ['a dependency', `app.get('/x', { use: { db } }, ({ db }) => db.^)`, ['find']],
    ['what is returned', `app.get('/x', { returns: Row }, () => ({ ^ }))`, ['id', 'price']],
    [
      'what is yielded',
      `app.get('/x', { streams: sse(Row) }, async function* () { yield { ^ } })`,
      ['id', 'price'],
    ],
  ])('knows %s', (_what, line, names) => {
    expect(offered(line)).toEqual(expect.arrayContaining(names))
  })
})
