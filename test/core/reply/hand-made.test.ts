/** Replies made by hand from values of other types than their functions take: JavaScript has no compiler. */
import { App, reply, type Reply, UsageError } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { RawConnection } from '../../contract/raw-client.ts'
import { expectProblem, type LogEntry, recorder, within } from '../../contract/transport.ts'
import { type Connect, fetchLink, memoryLink, nodeLink } from '../../contract/link.ts'
import { cleartextHttp2Link } from '../../contract/http2-link.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Without the types. */
const made = reply as unknown as Record<string, (...args: unknown[]) => Reply>

const WRONG: Record<string, [() => unknown, RegExp]> = {
  'text of a number': [() => made['text']!(5), /reply\.text takes a string, not a number\. Convert it/],
  'text of nothing': [() => made['text']!(), /not undefined/],
  'text of null': [() => made['text']!(null), /not null/],
  'text of an object': [() => made['text']!({}), /not an object/],
  'html of a number': [() => made['html']!(5), /reply\.html takes a string/],
  'bytes of a string': [
    () => made['bytes']!('x'),
    /reply\.bytes .*not a string\. Send text with reply\.text/,
  ],
  'bytes of a list': [() => made['bytes']!([1, 2]), /not an object/],
  'bytes of nothing': [() => made['bytes']!(), /not undefined/],
  'json of undefined': [() => made['json']!(undefined), /no form for undefined\. Return null/],
  'json of a function': [() => made['json']!(() => 1), /a function/],
  'json of a symbol': [() => made['json']!(Symbol('x')), /a symbol/],
  'a stream of a number': [() => made['stream']!(5), /reply\.stream takes an iterable/],
  'a stream of nothing': [() => made['stream']!(), /reply\.stream takes an iterable/],
  'a length that is text': [() => made['stream']!([], { length: '5' }), /number of bytes/],
  'a length below 0': [() => made['stream']!([], { length: -1 }), /number of bytes/],
  'a file of a number': [() => made['file']!(5), /reply\.file takes a path or a FileSource/],
  'a file of a URL': [() => made['file']!(new URL('file:///x')), /fileURLToPath/],
  'a file of nothing': [() => made['file']!(), /reply\.file takes/],
  'a redirect to a number': [() => made['redirect']!(5), /reply\.redirect takes a string/],
  'a redirect to a URL': [() => made['redirect']!(new URL('http://a/')), /href of a URL/],
  'a redirect of status 200': [() => made['redirect']!('/x', 200), /301, 302, 303, 307 or 308/],
  'a redirect of status text': [() => made['redirect']!('/x', '301'), /301, 302/],
  'status 99': [() => made['text']!('x', { status: 99 }), /from 200 to 599, not 99/],
  'status 1000': [() => made['json']!(1, { status: 1000 }), /not 1000/],
  'status as text': [() => made['empty']!({ status: '200' }), /not a string/],
  'status NaN': [() => made['empty']!({ status: Number.NaN }), /not NaN/],
  'a status for options': [
    () => made['text']!('x', 404),
    /options as an object, not a number: \{ status: 404 \}/,
  ],
  'a status for options of bytes': [() => made['bytes']!(new Uint8Array(), 404), /options as an object/],
  'a status for options of a stream': [() => made['stream']!([], 404), /options as an object/],
  'a status for options of nothing': [() => made['empty']!(404), /options as an object/],
  'null for options': [() => made['file']!('x', null), /options as an object, not null/],
  'a media type of a number': [() => made['bytes']!(new Uint8Array(), { mediaType: 5 }), /mediaType/],
  'a header of a number': [() => made['text']!('x', { headers: { a: 5 } }), /Header "a" .*not a number/],
  'a header of undefined': [() => made['text']!('x', { headers: { a: undefined } }), /leave it out/],
  'a header of a list of numbers': [() => made['text']!('x', { headers: { a: ['x', 5] } }), /not a number/],
  'headers of Headers': [() => made['text']!('x', { headers: new Headers() }), /Object\.fromEntries/],
  'headers of a list': [() => made['text']!('x', { headers: [['a', 'b']] }), /Object\.fromEntries/],
  'headers of text': [() => made['text']!('x', { headers: 'a: b' }), /not a string/],
}

describe('a clear error at the call', () => {
  test.each(Object.entries(WRONG))('%s', (_, [make, message]) => {
    expect(make).toThrow(UsageError)
    expect(make).toThrow(message)
  })
})

/** What middleware may have made of a reply. */
const CHANGES: Record<string, (changed: Reply) => unknown> = {
  'no body': (changed) => (changed.body = undefined as never),
  'a body of another kind': (changed) => (changed.body = { kind: 'teapot' } as never),
  'text of a number': (changed) => (changed.body = { kind: 'text', text: 5 } as never),
  'bytes of text': (changed) => (changed.body = { kind: 'bytes', bytes: 'x' } as never),
  'status as text': (changed) => (changed.status = '200' as never),
  'no headers': (changed) => (changed.headers = undefined as never),
  'a header of a number': (changed) => (changed.headers['a'] = 5 as never),
  'a header of undefined': (changed) => (changed.headers['a'] = undefined as never),
}

const LINKS: Record<string, Connect> = {
  'HTTP/1.1': nodeLink,
  'HTTP/2': cleartextHttp2Link,
  fetch: fetchLink,
  memory: memoryLink,
}

describe.each(Object.entries(LINKS))('a logged 500 over %s', (_, connect) => {
  test('of handlers and of middleware', async () => {
    const log: LogEntry[] = []
    const names = Object.keys(WRONG)
    const changes = Object.keys(CHANGES)
    const app = new App({
      log: recorder(log),
      middleware: [
        async ({ path }, next) => {
          const got = await next()
          if (path.startsWith('/changed/')) CHANGES[changes[Number(path.split('/')[2])]!]!(got)
          return got
        },
      ],
    })
    app.get('/made/:index', ({ params }) => WRONG[names[Number(params.index)]!]![0]())
    app.get('/changed/:index', () => 'x')
    const link = await connect(app)
    cleanups.push(() => link.close())
    for (const [path, list] of [
      ['made', names],
      ['changed', changes],
    ] as const) {
      for (const [index, name] of list.entries()) {
        log.length = 0
        const got = await within(link.request('GET', `/${path}/${index}`), name)
        await expectProblem(got, 500, 'INTERNAL')
        expect([name, log.map(({ message }) => message)]).toEqual([name, ['A request failed']])
      }
    }
  })
})

test('what the functions take is sent', async () => {
  const app = new App()
  app.get('/buffer', () => reply.bytes(Buffer.from('a')))
  app.get('/array-buffer', () => reply.bytes(new Uint8Array([97]).buffer))
  app.get('/list', () => reply.text('a', { headers: { 'x-a': ['1', '2'] } }))
  const { port } = await app.listen({ port: 0 })
  cleanups.push(() => app.close({ grace: 0 }))
  for (const path of ['/buffer', '/array-buffer', '/list']) {
    const connection = await RawConnection.open(port)
    cleanups.push(() => connection.destroy())
    expect(String(await (await connection.request('GET', path)).bytes())).toBe('a')
  }
})
