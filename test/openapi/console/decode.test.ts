/** The console's rows are what was sent, however the network cut it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDecoder, type Shape, shapeOf } from '../../../src/openapi/console/page/decode.ts'
import type { Item } from '../../../src/openapi/console/page/row.ts'

const encode = (text: string) => new TextEncoder().encode(text)

/** Decodes a text cut into pieces of so many bytes. */
function decode(shape: Shape, text: string, size = Infinity) {
  const decoder = createDecoder(shape)!
  const bytes = encode(text)
  const items: Item[] = []
  for (let at = 0; at < bytes.length; at += size) items.push(...decoder.push(bytes.subarray(at, at + size)))
  const { items: rest, unfinished } = decoder.end()
  return {
    items: [...items, ...rest],
    unfinished,
    lastEventId: decoder.lastEventId,
    retryMs: decoder.retryMs,
  }
}

describe('what a reply is shown as', () => {
  it.each([
    ['text/event-stream; charset=utf-8', false, 'events'],
    ['application/jsonl', false, 'lines'],
    ['application/x-ndjson', true, 'lines'],
    ['application/json-seq', false, 'sequence'],
    ['application/json', false, 'body'],
    ['application/problem+json', true, 'body'],
    ['text/plain; charset=utf-8', false, 'text'],
    ['text/plain; charset=utf-8', true, 'body'],
    ['video/mp4', false, 'chunks'],
    ['video/mp4', true, 'body'],
    ['', false, 'body'],
  ] as const)('%s, length known %s: %s', (type, hasLength, shape) =>
    expect(shapeOf(type, hasLength)).toBe(shape),
  )
})

describe('events', () => {
  const TEXT =
    ': hello\r\n\r\nretry: 1500\n\nid: 1\nevent: tick\ndata: {"n":1}\n\ndata: two\rdata: lines\r\rid: 3\r\ndata: ü€😀\r\n\r\n' +
    'event: error\ndata: {"status":503,"title":"Gone"}\n\n'

  it('keep their text beside what they say', () => {
    const { items, lastEventId, retryMs, unfinished } = decode('events', TEXT)
    expect(items.map(({ kind, data, id, event }) => [kind, data, id, event])).toEqual([
      ['comment', ': hello', undefined, undefined],
      ['comment', 'retry: 1500', undefined, undefined],
      ['item', '{"n":1}', '1', 'tick'],
      ['item', 'two\nlines', undefined, undefined],
      ['item', 'ü€😀', '3', undefined],
      ['error', '{"status":503,"title":"Gone"}', undefined, 'error'],
    ])
    expect(items[2]!.raw).toBe('id: 1\nevent: tick\ndata: {"n":1}')
    expect({ lastEventId, retryMs, unfinished }).toEqual({
      lastEventId: '3',
      retryMs: 1500,
      unfinished: false,
    })
  })

  it('are the same at every cut, and no byte is lost or counted twice', () => {
    const whole = decode('events', TEXT)
    for (let size = 1; size < 40; size++) {
      const cut = decode('events', TEXT, size)
      expect(cut.items.map(({ kind, data }) => [kind, data])).toEqual(
        whole.items.map(({ kind, data }) => [kind, data]),
      )
      expect(cut.items.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThanOrEqual(
        encode(TEXT).byteLength - whole.items.length,
      )
    }
  })

  it('that were cut off in the middle are unfinished; a heartbeat is not', () => {
    expect(decode('events', 'data: 1\n\ndata: 2').unfinished).toBe(true)
    expect(decode('events', 'data: 1\n\n: beat\n').unfinished).toBe(false)
  })

  it('named error without a problem are items like others', () => {
    expect(decode('events', 'event: error\ndata: "oops"\n\n').items[0]!.kind).toBe('item')
  })
})

describe('lines', () => {
  it('are items; a bad one is shown as it is, and does not end the stream', () => {
    const { items, unfinished } = decode(
      'lines',
      '{"n":1}\n\nnot json\n{"$error":{"title":"Gone","status":500}}\n{"$end":true}\n',
      3,
    )
    expect(items.map(({ kind, data }) => [kind, data])).toEqual([
      ['item', '{"n":1}'],
      ['item', 'not json'],
      ['error', '{"title":"Gone","status":500}'],
      ['end', '{"$end":true}'],
    ])
    expect(unfinished).toBe(false)
  })

  it('may lack the last line feed, if what is there is whole', () => {
    expect(decode('lines', '1\n2')).toMatchObject({
      unfinished: false,
      items: [{ data: '1' }, { data: '2' }],
    })
    expect(decode('lines', '1\n{"n":')).toMatchObject({ unfinished: true, items: [{ data: '1' }] })
  })

  it('are the same however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 8 }),
        fc.integer({ min: 1, max: 20 }),
        (values, size) => {
          const text = values.map((value) => `${JSON.stringify(value)}\n`).join('')
          expect(decode('lines', text, size).items.map(({ data }) => data)).toEqual(
            values.map((value) => JSON.stringify(value)),
          )
        },
      ),
    )
  })
})

describe('sequences', () => {
  it('are records, at every cut', () => {
    for (let size = 1; size < 12; size++) {
      const { items, unfinished } = decode('sequence', '\x1e{"n":1}\n\x1e{"n":2}\n', size)
      expect(items.map(({ data }) => data)).toEqual(['{"n":1}', '{"n":2}'])
      expect(unfinished).toBe(false)
    }
  })

  it('that break off are unfinished', () =>
    expect(decode('sequence', '\x1e1\n\x1e{"n"').unfinished).toBe(true))
})
