/**
 * What people read when they make a typical mistake. The texts are kept in `error.txt`, to be looked at
 * whenever they change: each points at the mistake (the mark below), is short, and speaks of what the
 * user wrote rather than of how our types are made.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Compilation, compile, type Finding, type Version, writeProject } from './compiler.ts'

const HEADER = `import { App, channel, dependency, jsonl, Router, sse, text } from 'millrace'
import { createClient } from 'millrace/client'
import { z } from 'zod'
const app = new App()
const Row = z.object({ id: z.string(), kind: z.enum(['book', 'film']), price: z.number() })
const Page = z.object({ limit: z.coerce.number() })
const db = dependency(async () => ({ find: async (id: string) => ({ id, kind: 'book' as const, price: 1 }) }))
const lines = channel('lines', z.string())
`

/** Mistakes by name. The mark `^` stands in front of where the error belongs, and is taken out. */
const MISTAKES: Record<string, string> = {
  'wrong yield': `app.get('/rows', { query: Page, streams: sse(Row) }, ^async function* ({ query }) {
  yield { id: query.limit, kind: 'book', price: 1 }
})`,
  'wrong yield into text': `app.get('/lines', { streams: text }, ^async function* () {
  yield 1
})`,
  'wrong return': `app.get('/rows/:id', { returns: Row }, ({ params }) => ({ ^id: 5, kind: 'book', price: 1 }))`,
  'wrong return of a longer function': `app.get('/rows/:id', { returns: Row }, ^async ({ params }) => {
  return { id: params.id, kind: 'song', price: 1 }
})`,
  'missing property': `app.get('/rows/:id', { returns: Row }, ({ params }) => ^({ id: params.id, kind: 'book' }))`,
  'misspelt option': `app.get('/rows', { ^retuns: Row }, () => db)`,
  'misspelt option beside others': `app.get('/rows', { query: Page, ^retuns: Row }, () => db)`,
  'option of WebSockets': `app.get('/rows', { query: Page, ^receives: Row }, () => db)`,
  'returns and streams': `app.get('/rows', { returns: Row, ^streams: text }, () => '')`,
  'schema as a format': `app.get('/rows', { ^streams: Row }, async function* () {})`,
  'events as a body': `app.post('/rows', { ^body: sse(Row) }, () => 1)`,
  'no schema': `app.get('/rows', { returns: { ^id: 'string' } }, () => 1)`,
  'unknown name in the context': `app.get('/rows', { query: Page, use: { db } }, ({ ^quer }) => quer)`,
  'wrong parameter': `app.get('/rows/:id', { query: Page }, ({ params }) => params.^row)`,
  'wrong property of the query': `app.get('/rows', { query: Page }, ({ query }) => query.^size)`,
  'wrong use of a dependency': `app.get('/rows', { use: { db } }, ({ db }) => db.^get('1'))`,
  'function as a dependency': `app.get('/rows', { use: { ^db: () => 5 } }, () => 1)`,
  'dependency with a name of the context': `app.get('/rows', { use: { ^query: db } }, () => 1)`,
  'router with a name of the context': `new Router({ prefix: '/rows', use: { ^query: db } })`,
  'client without the input it takes': `const row = app.get('/rows/:id', { query: Page }, () => 1)
createClient<{ row: typeof row }>('').get(^'/rows/:id')`,
  'client with a path that is not there': `const row = app.get('/rows/:id', { query: Page }, () => 1)
createClient<{ row: typeof row }>('').get(^'/row/:id', { params: { id: '1' } })`,
  'override by something else': `app.override(db, ^dependency(() => 5))`,
  'wrong message': `app.websocket('/ws', { sends: Row }, async ({ socket }) => {
  await socket.send({ ^id: 5, kind: 'book', price: 1 })
})`,
  'wrong kind of message': `app.websocket('/ws', { sends: Row }, async ({ socket }) => {
  await socket.send(^'hello')
})`,
  'wrong channel': `app.websocket('/ws', { sends: Row }, async ({ socket }) => {
  socket.follow(^lines)
})`,
  'publishing something else': `lines.publish(^5)`,
  'middleware without a reply': `app.get('/rows', { middleware: [(ctx, next) => ^5] }, () => 1)`,
  'misspelt option of the app': `new App({ ^titel: 'Shop' })`,
  'no handler': `app.get('/rows', { ^returns: Row })`,
}

/** Names of types that only we know: a message that needs them cannot be understood. */
const INTERNAL = /Handlers|KnownOptions|OneAnswer|Inputs<|InputOf|Used<|ClientView|SocketView|TakenName/

/** A message is one sentence and two types; longer ones are not read. */
const LIMIT = 480

const fileOf = (name: string) => `${name.replaceAll(' ', '-')}.ts`
const compilations = new Map<Version, Compilation>()

beforeAll(async () => {
  const files = Object.entries(MISTAKES).map(([name, text]) => [fileOf(name), HEADER + text.replace('^', '')])
  const project = await writeProject('error', Object.fromEntries(files) as Record<string, string>)
  for (const version of [7, 6] as const) compilations.set(version, await compile(version, project))
}, 180_000)

const findingsOf = (version: Version, name: string): readonly Finding[] =>
  compilations.get(version)!.findings.filter(({ file }) => file === fileOf(name))

describe.each(Object.entries(MISTAKES))('%s', (name, text) => {
  const before = (HEADER + text).split('^')[0]!.split('\n')
  const place = `${before.length}:${before.at(-1)!.length + 1}`

  it.each([7, 6] as const)('is one error at the mistake, in TypeScript %i', (version) => {
    expect(findingsOf(version, name).map(({ line, column }) => `${line}:${column}`)).toEqual([place])
  })

  it('reads well', () => {
    const { messages } = findingsOf(7, name)[0]!
    expect(messages.join('\n')).not.toMatch(INTERNAL)
    expect(messages[0]!.length).toBeLessThan(LIMIT)
  })
})

it('the texts are as they were when somebody last looked at them', async () => {
  const texts = Object.entries(MISTAKES).map(([name, text]) => {
    const [finding, ...more] = findingsOf(7, name)
    if (finding === undefined) return `# ${name}\n\nno error`
    const lines = text.replace('^', '').split('\n')
    const at = finding.line - HEADER.split('\n').length
    lines.splice(at + 1, 0, `${' '.repeat(finding.column - 1)}^`)
    return [`# ${name}`, lines.join('\n'), summary(finding), ...more.map(summary)].join('\n\n')
  })
  await expect(`${texts.join('\n\n\n')}\n`).toMatchFileSnapshot('error.txt')
})

/** What is read of an error: its first line, and the last one, which is what is wrong in the end. */
function summary({ code, messages }: Finding): string {
  const [first, ...rest] = messages
  const between = rest.length > 1 ? [`  (${rest.length - 1} more)`] : []
  return [`${code} ${first}`, ...between, ...rest.slice(-1).map((last) => `  ${last}`)].join('\n')
}
