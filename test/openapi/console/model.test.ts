/** What the console knows without a browser: schemas, requests, lines to copy, logs, rates, deltas. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MergedText } from '../../../src/openapi/console/page/delta.ts'
import { type HttpOperation, readDocument } from '../../../src/openapi/console/page/document.ts'
import { BIN_MS, BINS, RateMeter } from '../../../src/openapi/console/page/rate.ts'
import {
  addressOf,
  authorize,
  type FormValues,
  initialValues,
  prepare,
} from '../../../src/openapi/console/page/request.ts'
import { RowLog } from '../../../src/openapi/console/page/row.ts'
import { describeType, exampleOf, kindOf, resolver } from '../../../src/openapi/console/page/schema.ts'
import { toClient } from '../../../src/openapi/console/page/client-snippet.ts'
import { toCurl, toFetch } from '../../../src/openapi/console/page/snippet.ts'
import { DOCUMENT } from './scene.ts'

const ROOT = 'http://127.0.0.1:8000/'
const resolve = resolver(DOCUMENT)
const api = readDocument(DOCUMENT, undefined)
const operation = (id: string) => api.operations.find((each) => each.id === id) as HttpOperation
const filled = (id: string, change: Partial<FormValues> = {}): FormValues => ({
  ...initialValues(operation(id), '{"name":"it\'s"}'),
  ...change,
})

describe('a schema', () => {
  it.each([
    [{ type: 'integer', minimum: 0, maximum: 9 }, 'integer', 'integer, 0 to 9', 0],
    [{ type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 }, 'integer', 'integer', 1],
    [{ type: 'number', exclusiveMinimum: 2 }, 'number', 'number, above 2', 2.5],
    [{ enum: ['a', 'b'] }, 'enum', 'one of', 'a'],
    [{ anyOf: [{ const: 'x' }, { const: 'y' }] }, 'enum', 'one of', 'x'],
    [{ anyOf: [{ type: 'null' }, { type: 'boolean' }] }, 'boolean', 'boolean', true],
    [{ type: ['string', 'null'], format: 'uuid' }, 'text', 'uuid', '3f2f2f1e-9c1b-4d57-9c55-2d8d1f6a7b10'],
    [{ type: 'array', items: { type: 'string' } }, 'list', 'list of string', ['text']],
    [{ type: 'string', contentMediaType: 'image/png' }, 'file', 'file', 'text'],
    [{ $ref: '#/components/schemas/NewItem' }, 'json', 'object', { name: 'text', price: 0.5 }],
    [
      { allOf: [{ properties: { a: { const: 1 } } }, { properties: { b: { const: 2 } } }] },
      'json',
      'object',
      { a: 1, b: 2 },
    ],
    [{ $ref: '#/nowhere' }, 'text', '', {}],
  ])('%j is an input of kind %s', (schema, kind, words, example) => {
    expect(kindOf(schema, resolve)).toBe(kind)
    expect(describeType(schema, resolve)).toBe(words)
    expect(exampleOf(schema, resolve)).toEqual(example)
  })

  it('that refers to itself has an example with an end', () => {
    const own = {
      node: { type: 'object', properties: { next: { $ref: '#/node' } } },
      loop: { $ref: '#/loop' },
    }
    expect(JSON.stringify(exampleOf({ $ref: '#/node' }, resolver(own))).length).toBeLessThan(200)
    expect(exampleOf({ $ref: '#/loop' }, resolver(own))).toEqual({})
  })
})

describe('the documents of the kitchen sink', () => {
  const golden = (name: string) =>
    JSON.parse(readFileSync(join(import.meta.dirname, `../golden/${name}.json`), 'utf8')) as Record<
      string,
      unknown
    >
  const [http, sockets] = [golden('openapi-3.2'), golden('asyncapi')]
  const sink = readDocument(http, sockets)
  const find = (method: string, path: string) =>
    sink.operations.find((each) => each.method === method && each.path === path)!

  it('are read whole: every operation, every method, every WebSocket', () => {
    const paths = Object.values(http['paths'] as Record<string, Record<string, unknown>>)
    const count = (item: Record<string, unknown>) =>
      Object.keys(item).filter((key) => /^(get|put|post|delete|patch|query|options)$/.test(key)).length +
      Object.keys(item['additionalOperations'] ?? {}).length
    const expected = paths.reduce((sum, item) => sum + count(item), 0)
    expect(sink.operations.filter(({ kind }) => kind === 'http')).toHaveLength(expected)
    expect(sink.operations.filter(({ kind }) => kind === 'socket').map(({ path }) => path)).toEqual([
      '/chat/{room}',
      '/raw',
      '/any',
    ])
  })

  it('say what a WebSocket takes, and what it asks for', () => {
    const chat = find('WS', '/chat/{room}')
    expect(chat.parameters.map((each) => [each.in, each.name, each.required])).toEqual([
      ['path', 'room', true],
      ['query', 'nick', true],
    ])
    // AsyncAPI's own list cannot say that both are needed.
    expect(chat.security).toEqual([{ bearer: ['orders:read'], headerKey: [] }])
    expect(chat.kind === 'socket' && kindOf(chat.receives, chat.resolve)).toBe('json')
  })

  it('have schemes of one name once, whichever document has them', () => {
    const names = sink.schemes.map(({ name }) => name)
    expect(names).toEqual([...new Set(names)])
    expect(names).toContain('bearer')
    const alone = readDocument({}, sockets).schemes.find(({ name }) => name === 'headerKey')
    expect(alone).toMatchObject({ type: 'apiKey', in: 'header', key: 'X-API-Key' })
  })

  it('say which parameter may have slashes', () => {
    const files = find('GET', '/files/{path}')
    const values = { ...initialValues(files, ''), parameters: { 'path.path': 'a b/c?.txt' } }
    expect(addressOf(files, values, ROOT)).toBe(`${ROOT}files/a%20b/c%3F.txt`)
  })
})

describe('a request', () => {
  it('puts everything where it belongs, escaped', () => {
    const values = filled('createItem', {
      parameters: { 'path.kind': 'a/b?c d', 'query.tag': 'x y\n&z', 'query.loud': '', 'header.x-trace': 't' },
      accept: 'application/json',
    })
    expect(prepare(operation('createItem'), values, `${ROOT}v2/`)).toEqual({
      method: 'POST',
      url: `${ROOT}v2/items/a%2Fb%3Fc%20d?tag=x+y&tag=%26z`,
      headers: [
        ['x-trace', 't'],
        ['accept', 'application/json'],
        ['content-type', 'application/json'],
      ],
      cookies: [],
      body: { kind: 'text', text: '{"name":"it\'s"}' },
    })
  })

  it('starts with the defaults of the document', () => {
    expect(filled('ticks').parameters).toEqual({ 'query.count': '5', 'query.interval': '150' })
  })

  it.each([
    ['a missing path parameter', { parameters: {} }, /The path needs "kind"/],
    ['a body that is no JSON', { parameters: { 'path.kind': 'tea' }, bodyText: '{' }, /JSON/],
  ])('with %s is not sent', (_what, change, message) => {
    expect(() => prepare(operation('createItem'), filled('createItem', change), ROOT)).toThrow(message)
  })

  it('proves who asks by the first alternative that is known', () => {
    const scheme = {
      name: '',
      type: 'http',
      scheme: '',
      description: undefined,
      in: '',
      key: '',
      passwordUrl: undefined,
      clientUrl: undefined,
      signInUrl: undefined,
      scopes: [],
    }
    const schemes = [
      { ...scheme, name: 'token', scheme: 'bearer' },
      { ...scheme, name: 'user', scheme: 'basic' },
      { ...scheme, name: 'key', type: 'apiKey', in: 'query', key: 'k' },
      { ...scheme, name: 'jar', type: 'apiKey', in: 'cookie', key: 'c' },
    ]
    const security = [{ token: [] }, { user: [], key: [], jar: [] }]
    const nothing = { headers: [], query: [], cookies: [] }
    expect(authorize(security, schemes, {})).toEqual(nothing)
    expect(authorize(security, schemes, { user: 'a:b' })).toEqual(nothing)
    expect(authorize(security, schemes, { token: 't', user: 'a:b' }).headers).toEqual([
      ['authorization', 'Bearer t'],
    ])
    expect(authorize(security, schemes, { user: 'zoë:€', key: 'secret', jar: 'v' })).toEqual({
      headers: [['authorization', `Basic ${Buffer.from('zoë:€').toString('base64')}`]],
      query: [['k', 'secret']],
      cookies: [['c', 'v']],
    })
  })
})

describe('a line to copy', () => {
  const request = () => {
    const parameters = { 'path.kind': 'tea', 'header.x-trace': "it's; rm -rf $HOME `id`" }
    return prepare(operation('createItem'), filled('createItem', { parameters }), ROOT)
  }

  it('for curl survives a shell as it is', () => {
    const line = toCurl(request()).replace(/^curl /, '')
    const words = execFileSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' })
      .split('\n')
      .slice(0, -1)
    expect(words.join('\n')).toBe(
      `-N\n-X\nPOST\nhttp://127.0.0.1:8000/items/tea\n-H\nx-trace: it's; rm -rf $HOME \`id\`\n` +
        `-H\ncontent-type: application/json\n--data-raw\n{"name":"it's"}`,
    )
  })

  it('for fetch is a program that sends the same', async () => {
    const sent: unknown[] = []
    const fake = (url: string, options: RequestInit) => {
      sent.push(url, options)
      return Promise.resolve(new Response('ok'))
    }
    const AsyncFunction = (async () => {}).constructor as new (
      ...args: string[]
    ) => (...args: unknown[]) => Promise<void>
    await new AsyncFunction('fetch', 'console', toFetch(request(), false))(fake, { log: () => {} })
    expect(sent).toEqual([
      'http://127.0.0.1:8000/items/tea',
      {
        method: 'POST',
        headers: { 'x-trace': "it's; rm -rf $HOME `id`", 'content-type': 'application/json' },
        body: '{"name":"it\'s"}',
      },
    ])
  })

  it('for our client says the same as on the server', () => {
    expect(toClient(operation('ticks'), filled('ticks'), ROOT, true)).toContain(
      "for await (const item of api.get('/ticks', { query: { count: 5, interval: 150 } })) console.log(item)",
    )
    const values = filled('createItem', {
      parameters: { 'path.kind': 'tea', 'query.tag': 'a\nb' },
      bodyText: '{"name":"x"}',
    })
    expect(toClient(operation('createItem'), values, ROOT, false)).toContain(
      "console.log(await api.post('/items/:kind', { params: { kind: 'tea' }, query: { tag: ['a', 'b'] }, body: { name: 'x' } }))",
    )
  })
})

describe('the log of rows', () => {
  const item = (data: string) => ({ kind: 'item', raw: data, data, bytes: data.length }) as const

  it('keeps the newest, and knows how many there were', () => {
    const log = new RowLog(10)
    for (let n = 1; n <= 1005; n++) log.add(item(String(n)), n * 2)
    expect([log.length, log.total, log.dropped]).toEqual([10, 1005, 995])
    expect([...log].map(({ number }) => number)).toEqual([
      996, 997, 998, 999, 1000, 1001, 1002, 1003, 1004, 1005,
    ])
    expect(log.at(0)).toMatchObject({ number: 996, at: 1992, gap: 2 })
    expect(log.at(10)).toBeUndefined()
  })

  it('is bounded by its text as well, and keeps at least one row', () => {
    const log = new RowLog(1000, 100)
    for (let n = 0; n < 50; n++) log.add(item('x'.repeat(10)), n)
    expect(log.length).toBe(5)
    log.add(item('y'.repeat(500)), 51)
    expect([...log].map(({ data }) => data.length)).toEqual([500])
  })
})

describe('the rate', () => {
  it('counts in bins, and forgets what is older than the chart', () => {
    const rate = new RateMeter()
    rate.add(0, 5, 50)
    rate.add(BIN_MS, 1, 10)
    expect(rate.series('items', BIN_MS).slice(-2)).toEqual([20, 4])
    expect(rate.series('bytes', BIN_MS * 3).slice(-4)).toEqual([200, 40, 0, 0])
    expect(rate.series('items', BIN_MS * (BINS + 5)).every((value) => value === 0)).toBe(true)
  })

  it('of now is that of the last two seconds', () => {
    const rate = new RateMeter()
    for (let at = 0; at < 4000; at += 100) rate.add(at, 1, 1)
    expect(rate.now('items', 3999)).toBe(10)
    expect(rate.now('items', 8000)).toBe(0)
  })
})

describe('merged deltas', () => {
  const merge = (...values: unknown[]) => {
    const merged = new MergedText()
    for (const value of values) merged.add(typeof value === 'string' ? value : JSON.stringify(value))
    return Object.fromEntries(merged.parts)
  }
  const choice = (delta: unknown, index = 0) => ({ choices: [{ index, delta }] })

  it.each([
    [
      'OpenAI',
      [
        choice({ role: 'assistant', content: '' }),
        choice({ content: 'a' }),
        choice({ content: 'b' }),
        '[DONE]',
      ],
      { text: 'ab' },
    ],
    ['two choices', [choice({ content: 'a' }), choice({ content: 'z' }, 1)], { text: 'a', 'text 2': 'z' }],
    [
      'tool calls',
      [
        choice({ tool_calls: [{ index: 0, function: { name: 'find', arguments: '' } }] }),
        choice({ tool_calls: [{ index: 0, function: { arguments: '{"q":' } }] }),
        choice({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
      ],
      { 'tool: find': '{"q":1}' },
    ],
    [
      'OpenAI responses',
      [
        { type: 'response.output_text.delta', delta: 'a' },
        { type: 'response.output_text.delta', delta: 'b' },
      ],
      { text: 'ab' },
    ],
    [
      'Anthropic',
      [
        { type: 'message_start', message: { id: 'm', content: [] } },
        { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
        { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'a' } },
        { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', name: 'find' } },
        { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{}' } },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
      ],
      { thinking: 'hm', text: 'a', 'tool: find': '{}' },
    ],
    ['Gemini', [{ candidates: [{ content: { parts: [{ text: 'a' }, { text: 'b' }] } }] }], { text: 'ab' }],
    [
      'Ollama',
      [{ message: { role: 'assistant', content: 'a' } }, { message: { content: 'b' } }],
      { text: 'ab' },
    ],
    ['strings', ['"a"', '"b"'], { text: 'ab' }],
    ['anything else', [{ n: 1 }, [1], null, 'not json'], {}],
  ])('of %s', (_name, values, expected) => expect(merge(...values)).toEqual(expected))
})
