import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeSse, SseDecoder, type SseFields, type SseMessage } from '../../src/wire/sse.ts'

const BOM = '\uFEFF'

interface Outcome {
  messages: SseMessage[]
  lastEventId: string
  reconnectionTime: number | undefined
  pending: boolean
  error: string | undefined
}

/** Feeds the chunks, then an empty one, which brings out an error that was held back behind events. */
function decode(chunks: Iterable<string>, decoder = new SseDecoder()): Outcome {
  const messages: SseMessage[] = []
  let error: string | undefined
  try {
    for (const chunk of chunks) messages.push(...decoder.push(chunk))
    decoder.push('')
  } catch (thrown) {
    error = String(thrown)
  }
  const { lastEventId, reconnectionTime, pending } = decoder
  return { messages, lastEventId, reconnectionTime, pending, error }
}

/** WHATWG HTML 9.2.6 for a whole text, as plainly as the standard has it; only `retry` is bounded. */
function decodeByTheBook(text: string): Outcome {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  const unfinished = lines.pop() ?? ''
  const messages: SseMessage[] = []
  let lastEventId = ''
  let reconnectionTime: number | undefined
  let fields: { event?: string; id?: string; retry?: number } = {}
  let data = ''
  for (const line of lines) {
    if (line === '') {
      lastEventId = fields.id ?? lastEventId
      if (data !== '') {
        const { event, ...rest } = fields
        messages.push({ data: data.replace(/\n$/, ''), ...rest, ...(event ? { event } : {}) })
      }
      data = ''
      fields = {}
      continue
    }
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (name === 'data') data += value + '\n'
    if (name === 'event') fields.event = value
    if (name === 'id' && !value.includes('\0')) fields.id = value
    if (name === 'retry' && /^[0-9]+$/.test(value) && Number.isSafeInteger(+value))
      fields.retry = reconnectionTime = Number(value)
  }
  const pending = unfinished !== '' || data !== '' || Object.keys(fields).length > 0
  return { messages, lastEventId, reconnectionTime, pending, error: undefined }
}

function decodeWithPeer(text: string): SseMessage[] {
  const messages: SseMessage[] = []
  createParser({
    onEvent({ data, event, id }) {
      messages.push({ data, ...(event === undefined ? {} : { event }), ...(id === undefined ? {} : { id }) })
    },
  }).feed(text)
  return messages
}

/** Cuts the text at the given places, which are taken modulo its length. */
function cut(text: string, places: number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
  return [...at, text.length].map((end, i) => text.slice(i === 0 ? 0 : at[i - 1], end))
}

const withLineFeeds = (text: string) => text.replace(/\r\n|\r/g, '\n')

/** The fields as a parser must report them. */
function expected({ data = '', event, id, retry }: SseFields): SseMessage {
  return {
    data: withLineFeeds(data),
    ...(event ? { event } : {}),
    ...(id === undefined ? {} : { id }),
    ...(retry === undefined ? {} : { retry }),
  }
}

describe('encodeSse', () => {
  test.each<[string, SseFields, string]>([
    ['one line', { data: 'hello' }, 'data: hello\n\n'],
    ['no text', { data: '' }, 'data: \n\n'],
    ['a leading space', { data: ' x' }, 'data:  x\n\n'],
    ['LF', { data: 'a\nb' }, 'data: a\ndata: b\n\n'],
    ['CR', { data: 'a\rb' }, 'data: a\ndata: b\n\n'],
    ['CRLF', { data: 'a\r\nb' }, 'data: a\ndata: b\n\n'],
    ['LF CR', { data: 'a\n\rb' }, 'data: a\ndata: \ndata: b\n\n'],
    ['a line break at the end', { data: 'a\n' }, 'data: a\ndata: \n\n'],
    ['only a line break', { data: '\n' }, 'data: \ndata: \n\n'],
    [
      'what other languages call a line break',
      { data: 'a\u2028b\u2029c\u0085d\ve\ff' },
      'data: a\u2028b\u2029c\u0085d\ve\ff\n\n',
    ],
    ['NUL in data', { data: 'a\0b' }, 'data: a\0b\n\n'],
    ['something like a field', { data: 'id: 1' }, 'data: id: 1\n\n'],
    ['event', { data: 'x', event: 'tick' }, 'event: tick\ndata: x\n\n'],
    ['an empty event', { data: 'x', event: '' }, 'data: x\n\n'],
    ['id', { data: 'x', id: '7' }, 'id: 7\ndata: x\n\n'],
    ['an empty id', { data: 'x', id: '' }, 'id: \ndata: x\n\n'],
    ['retry', { data: 'x', retry: 3000 }, 'retry: 3000\ndata: x\n\n'],
    ['no waiting', { retry: 0 }, 'retry: 0\n\n'],
    ['the longest retry', { retry: Number.MAX_SAFE_INTEGER }, 'retry: 9007199254740991\n\n'],
    ['comment', { comment: 'ping' }, ': ping\n\n'],
    ['an empty comment', { comment: '' }, ': \n\n'],
    [
      'a comment that tries to be data',
      { comment: 'a\ndata: b\r\rc\r\nd' },
      ': a\n: data: b\n: \n: c\n: d\n\n',
    ],
    ['a comment beside one-line data', { comment: 'c', data: 'x' }, ': c\ndata: x\n\n'],
    [
      'all fields',
      { data: 'x\ny', event: 'e', id: 'i', retry: 1, comment: 'c' },
      ': c\nevent: e\nid: i\nretry: 1\ndata: x\ndata: y\n\n',
    ],
    [
      'undefined fields',
      { data: 'x', event: undefined, id: undefined, retry: undefined, comment: undefined },
      'data: x\n\n',
    ],
    ['nothing', {}, '\n'],
  ])('%s', (_name, fields, frame) => {
    expect(encodeSse(fields)).toBe(frame)
  })

  test.each(['event', 'id'] as const)('a line break or NUL in %s is refused and not repeated', (field) => {
    for (const character of ['\r', '\n', '\r\n', '\0']) {
      for (const value of [`${character}secret`, `sec${character}ret`, `secret${character}`]) {
        const encode = () => encodeSse({ data: 'x', [field]: value })
        expect(encode).toThrow(TypeError)
        expect(encode).toThrow(new RegExp(`^SSE ${field} must not .*: remove CR, LF and NUL`))
        expect(encode).not.toThrow(/sec|ret$/)
      }
    }
  })

  test.each([-1, 0.5, NaN, Infinity, -Infinity, 2 ** 53])('retry %s is refused', (retry) => {
    expect(() => encodeSse({ data: 'x', retry })).toThrow(TypeError)
    expect(() => encodeSse({ data: 'x', retry })).toThrow(/retry must be .*: pass whole milliseconds/)
  })
})

describe('SseDecoder', () => {
  const none = { lastEventId: '', reconnectionTime: undefined, pending: false, error: undefined }
  const table: [name: string, text: string, outcome: Partial<Outcome> & { messages: SseMessage[] }][] = [
    ['nothing', '', { messages: [] }],
    ['one event', 'data: a\n\n', { messages: [{ data: 'a' }] }],
    ['CR', 'data: a\r\rdata: b\r\r', { messages: [{ data: 'a' }, { data: 'b' }] }],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', { messages: [{ data: 'a' }, { data: 'b' }] }],
    [
      'mixed line ends',
      'data: a\rdata: b\ndata: c\r\n\rdata: d\n\r\n',
      {
        messages: [{ data: 'a\nb\nc' }, { data: 'd' }],
      },
    ],
    ['LF CR is two line ends', 'data: a\n\rdata: b\n\n', { messages: [{ data: 'a' }, { data: 'b' }] }],
    ['YHOO, of the standard', 'data: YHOO\ndata: +2\ndata: 10\n\n', { messages: [{ data: 'YHOO\n+2\n10' }] }],
    [
      'four blocks, of the standard',
      ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n',
      {
        messages: [
          { data: 'first event', id: '1' },
          { data: 'second event', id: '' },
        ],
        pending: true,
      },
    ],
    [
      'empty data, of the standard',
      'data\n\ndata\ndata\n\ndata:',
      {
        messages: [{ data: '' }, { data: '\n' }],
        pending: true,
      },
    ],
    [
      'spaces, of the standard',
      'data:test\n\ndata: test\n\n',
      { messages: [{ data: 'test' }, { data: 'test' }] },
    ],
    [
      'only one space goes',
      'data:  a \nevent:  e \nid:  i \n\n',
      {
        messages: [{ data: ' a ', event: ' e ', id: ' i ' }],
        lastEventId: ' i ',
      },
    ],
    ['a tab stays', 'data:\ta\n\n', { messages: [{ data: '\ta' }] }],
    ['empty data with a space', 'data: \n\n', { messages: [{ data: '' }] }],
    ['a colon in the value', 'data: a: b:c\n\n', { messages: [{ data: 'a: b:c' }] }],
    ['NUL in data', 'data: a\0b\n\n', { messages: [{ data: 'a\0b' }] }],
    ['comments', ':\n: x\n:data: y\ndata: a\n:id: 3\n\n', { messages: [{ data: 'a' }] }],
    ['a comment makes no event', ': x\n', { messages: [] }],
    [
      'unknown fields',
      'foo: x\ndatax: y\nData: z\n data: z\ndat\ndata : q\ndata: a\n\n',
      { messages: [{ data: 'a' }] },
    ],
    ['an unknown field makes no event', 'foo: x\n', { messages: [] }],
    [
      'the line breaks of other languages',
      'data: a\u2028b\u2029c\u0085d\ve\ff\n\n',
      {
        messages: [{ data: 'a\u2028b\u2029c\u0085d\ve\ff' }],
      },
    ],
    [
      'event',
      'event: tick\ndata: a\n\ndata: b\n\n',
      { messages: [{ data: 'a', event: 'tick' }, { data: 'b' }] },
    ],
    ['the last event wins', 'event: x\nevent: y\ndata: a\n\n', { messages: [{ data: 'a', event: 'y' }] }],
    ['an empty event is the default type', 'event: x\nevent:\ndata: a\n\n', { messages: [{ data: 'a' }] }],
    ['event without data', 'event: x\n\ndata: a\n\n', { messages: [{ data: 'a' }] }],
    [
      'id stays as lastEventId',
      'id: 1\ndata: a\n\ndata: b\n\n',
      {
        messages: [{ data: 'a', id: '1' }, { data: 'b' }],
        lastEventId: '1',
      },
    ],
    [
      'an empty id resets',
      'id: 1\ndata: a\n\nid:\ndata: b\n\n',
      {
        messages: [
          { data: 'a', id: '1' },
          { data: 'b', id: '' },
        ],
        lastEventId: '',
      },
    ],
    ['id with NUL', 'id: 1\n\nid: 2\0\ndata: a\n\n', { messages: [{ data: 'a' }], lastEventId: '1' }],
    ['id without data', 'id: 4\n\n', { messages: [], lastEventId: '4' }],
    [
      'id of a cut event',
      'id: 4\ndata: a\n\nid: 5\ndata: b\n',
      {
        messages: [{ data: 'a', id: '4' }],
        lastEventId: '4',
        pending: true,
      },
    ],
    [
      'retry',
      'retry: 0300\ndata: a\n\ndata: b\n\n',
      {
        messages: [{ data: 'a', retry: 300 }, { data: 'b' }],
        reconnectionTime: 300,
      },
    ],
    ['retry without data', 'retry: 5\n\n', { messages: [], reconnectionTime: 5 }],
    ['retry counts at its line end', 'retry: 5\n', { messages: [], reconnectionTime: 5, pending: true }],
    ...['', '-1', '+1', '1.5', '1e3', '0x10', ' 1', '1 ', '\u0661', '9007199254740992', '9'.repeat(400)].map(
      (value): [string, string, { messages: SseMessage[] }] => [
        `retry is ignored: ${JSON.stringify(value).slice(0, 20)}`,
        `retry: ${value}\ndata: a\n\n`,
        { messages: [{ data: 'a' }] },
      ],
    ),
    ['an ignored retry makes no event', 'retry: x\n', { messages: [] }],
    ['an ignored id makes no event', 'id: \0\n', { messages: [] }],
    ['a BOM at the start', `${BOM}data: a\n\n`, { messages: [{ data: 'a' }] }],
    ['a BOM alone', BOM, { messages: [] }],
    ['a second BOM', `${BOM}${BOM}data: a\n\n`, { messages: [] }],
    [
      'a BOM later',
      `data: a\n\n${BOM}data: b\n\ndata: ${BOM}c\n\n`,
      {
        messages: [{ data: 'a' }, { data: `${BOM}c` }],
      },
    ],
    ['blank lines', '\n\r\r\n\n\ndata: a\n\n\n\n', { messages: [{ data: 'a' }] }],
    ['the end without a blank line', 'data: a\n\ndata: b\n', { messages: [{ data: 'a' }], pending: true }],
    ['the end within a line', 'data: a\n\nda', { messages: [{ data: 'a' }], pending: true }],
    ['the end within a comment', ': a', { messages: [], pending: true }],
  ]

  test.each(table)('%s', (_name, text, outcome) => {
    expect(decode([text])).toStrictEqual({ ...none, ...outcome })
  })

  test.each(table)('%s, in two chunks cut at every place', (_name, text, outcome) => {
    for (let i = 0; i <= text.length; i++) {
      expect(decode([text.slice(0, i), text.slice(i)]), `cut at ${i}`).toStrictEqual({ ...none, ...outcome })
    }
  })

  test.each(table)('%s, one character at a time, with empty chunks between', (_name, text, outcome) => {
    const chunks = text.split('').flatMap((character) => ['', character])
    expect(decode(chunks)).toStrictEqual({ ...none, ...outcome })
  })

  test('an event is given at its CR, without waiting for a possible LF', () => {
    const decoder = new SseDecoder()
    expect(decoder.push('data: a\r\n\r')).toEqual([{ data: 'a' }])
    expect(decoder.pending).toBe(false)
    expect(decoder.push('\ndata: b\n')).toEqual([])
    expect(decoder.push('\n')).toEqual([{ data: 'b' }])
  })

  test('pending follows the stream', () => {
    const decoder = new SseDecoder()
    const states = ['', ': ping\n', '\n', 'd', 'ata: x', '\n', '\n', 'id: 1\r', '\r', '\n'].map((chunk) => {
      decoder.push(chunk)
      return decoder.pending
    })
    expect(states).toEqual([false, false, false, true, true, true, false, true, false, false])
  })

  test('a stream that continues another one starts from its id', () => {
    const decoder = new SseDecoder({ lastEventId: '9' })
    expect(decoder.lastEventId).toBe('9')
    expect(decoder.push('data: a\n\n')).toEqual([{ data: 'a' }])
    expect(decoder.lastEventId).toBe('9')
    decoder.push('id\n\n')
    expect(decoder.lastEventId).toBe('')
  })

  test('the messages of one push belong to the caller', () => {
    const decoder = new SseDecoder()
    const first = decoder.push('data: a\n\n')
    decoder.push('data: b\n\n')
    expect(first).toEqual([{ data: 'a' }])
  })

  describe('maxEventLength', () => {
    const limited = (maxEventLength: number) => new SseDecoder({ maxEventLength })
    const over = /^RangeError: SSE event is longer than maxEventLength \(12 .*raise maxEventLength/

    const fits = [
      'data: 123456\n\n',
      'data: 123456\r\n\r\n',
      'data:1\ndata:2\n\n',
      'data: 123456\n\n'.repeat(3),
      ': 3456789012\n'.repeat(3) + 'data: 123456\n\n',
      'foo: 6789012\n'.repeat(3) + 'data: 123456\n\n',
      ': 3456789012\n\n'.repeat(3),
      'id: 1\ndata:\n\n',
      `${BOM}data: 123456\n\n`,
    ]
    test.each(fits)('fits: %j', (text) => {
      for (let i = 0; i <= text.length; i++) {
        expect(decode([text.slice(0, i), text.slice(i)], limited(12)).error, `cut at ${i}`).toBeUndefined()
      }
      expect(decode(text, limited(12)).error).toBeUndefined()
    })

    const tooLong = [
      'data: 1234567\n\n',
      'data: 1234567',
      'data: a\n\ndata: b\n\ndata: 1234567\n\ndata: c\n\n',
      'data: a\n\nid: 1\n\nretry: 7\n\ndata:1\ndata:2\nx',
      'data:1\nevent:2',
      'data:1\ndata:2\n:\n',
      'data:1\n:3456789',
      'data: a\n\n: 34567890123\n',
      '1234567890123',
    ]
    test.each(tooLong)('too long: %j', (text) => {
      const whole = decode([text], limited(12))
      expect(whole.error).toMatch(over)
      expect(whole.pending).toBe(true)
      expect(whole.messages.map(({ data }) => data).join()).toBe(
        text.startsWith('data: a\n\ndata: b') ? 'a,b' : text.startsWith('data: a\n\n') ? 'a' : '',
      )
      // What is decoded, and whether it fails, must not hang on how the network cut the text.
      for (let i = 0; i <= text.length; i++) {
        expect(decode([text.slice(0, i), text.slice(i)], limited(12)), `cut at ${i}`).toStrictEqual(whole)
      }
      expect(decode(text, limited(12))).toStrictEqual(whole)
    })

    test('push throws at once when it has no event to give, and from then on', () => {
      const decoder = limited(12)
      expect(() => decoder.push('data: 1234567')).toThrow(RangeError)
      expect(() => decoder.push('\n\ndata: a\n\n')).toThrow(RangeError)
      expect(() => decoder.push('')).toThrow(/maxEventLength \(12 /)
      expect(decoder.pending).toBe(true)
    })

    test('events before the long one are given first', () => {
      const decoder = limited(12)
      expect(decoder.push('data: a\n\ndata: 1234567\n\ndata: b\n\n')).toEqual([{ data: 'a' }])
      expect(decoder.pending).toBe(true)
      expect(() => decoder.push('')).toThrow(RangeError)
    })

    test('is 1 MiB of UTF-16 code units by default', () => {
      const text = 'x'.repeat(1_048_576 - 'data: '.length)
      expect(decode([`data: ${text}\n\n`]).messages).toEqual([{ data: text }])
      expect(decode([`data: ${text}x\n\n`]).error).toMatch(/\(1048576 /)
    })

    test('can be taken away', () => {
      const text = 'x'.repeat(1_100_000)
      expect(decode([`data: ${text}\n\n`], limited(Infinity)).messages).toEqual([{ data: text }])
    })

    test.each([0, -1, 0.5, 1.5, NaN, -Infinity])('%s is refused', (maxEventLength) => {
      expect(() => limited(maxEventLength)).toThrow(RangeError)
      expect(() => limited(maxEventLength)).toThrow(/maxEventLength must be a positive integer/)
    })
  })

  describe('work', () => {
    const length = 20_000
    const texts: [name: string, chunks: string[]][] = [
      ['one long line, a character at a time', `data: ${'x'.repeat(length)}\n\n`.split('')],
      [
        'many data lines, a character at a time',
        'data:\n'
          .repeat(length / 6)
          .concat('\n')
          .split(''),
      ],
      ['CRLF events, a character at a time', 'data: x\r\n\r\n'.repeat(length / 11).split('')],
      ['a comment, a character at a time', `:${'x'.repeat(length)}\n`.split('')],
    ]
    test.each(texts)('is linear: %s', (_name, chunks) => {
      const decoder = new SseDecoder()
      expect(charactersTouched(() => chunks.forEach((chunk) => decoder.push(chunk)))).toBeLessThan(
        16 * length,
      )
    })

    test('the meter sees a decoder that scans its buffer again', () => {
      let buffer = ''
      const work = charactersTouched(() =>
        `data: ${'x'.repeat(length)}\n\n`.split('').forEach((chunk) => {
          buffer += chunk
          buffer.indexOf('\n\n')
        }),
      )
      expect(work).toBeGreaterThan(1000 * length)
    })

    test('no line of a big chunk is searched beyond its end', () => {
      // Without colons, and without the other kind of line break, a search has nothing to stop it early.
      for (const lineBreak of ['\n', '\r', '\r\n']) {
        const counts = [1000, 2000].map((lines) => {
          const chunk = `foo${lineBreak}`.repeat(lines)
          const decoder = new SseDecoder()
          return charactersSearched(() => decoder.push(chunk))
        })
        expect(counts[1]! / counts[0]!).toBeLessThan(2.2)
      }
    })

    test('an event as long as the limit arrives in single characters', () => {
      const text = `data: ${'x'.repeat(1_048_576 - 6)}\n\n`
      const { messages, error } = decode(text)
      expect(error).toBeUndefined()
      expect(messages.map(({ data }) => data.length)).toEqual([1_048_570])
    })
  })

  describe('properties', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom('a', ' ', ':', '\r', '\n', '\r\n', '\u2028', '\0', BOM, '\uD800', '😀'),
      }),
    )
    const oneLine = text.map((value) => value.replace(/[\r\n\0]/g, ''))
    const places = fc.array(fc.nat(), { maxLength: 6 })
    const fields = fc.record(
      { data: text, event: oneLine, id: oneLine, retry: fc.maxSafeNat(), comment: text },
      { requiredKeys: ['data'] },
    )

    test('what is encoded is decoded, however it is cut', () => {
      fc.assert(
        fc.property(fc.array(fields, { maxLength: 4 }), places, (frames, at) => {
          const wire = frames.map(encodeSse).join('')
          const { messages, pending } = decode(cut(wire, at))
          expect(messages).toStrictEqual(frames.map(expected))
          expect(pending).toBe(false)
        }),
        { numRuns: 500 },
      )
    })

    test('eventsource-parser decodes the same', () => {
      fc.assert(
        fc.property(fc.array(fields, { maxLength: 4 }), (frames) => {
          // That parser reports retry apart from the messages.
          const messages = frames.map((frame) => expected({ ...frame, retry: undefined }))
          expect(decodeWithPeer(frames.map(encodeSse).join(''))).toStrictEqual(messages)
        }),
        { numRuns: 500 },
      )
    })

    const tokens = [
      'data',
      'event',
      'id',
      'retry',
      'x',
      ':',
      ':',
      ' ',
      '1',
      '\n',
      '\n',
      '\n\n',
      '\r',
      '\r\n',
      '\0',
      '\u2028',
      BOM,
    ]
    const stream = fc.array(fc.constantFrom(...tokens), { maxLength: 60 }).map((parts) => parts.join(''))

    test('any text decodes as the standard says, however it is cut', () => {
      fc.assert(
        fc.property(stream, places, (wire, at) => {
          const outcome = decodeByTheBook(wire)
          expect(decode(cut(wire, at))).toStrictEqual(outcome)
          expect(decode(wire)).toStrictEqual(outcome)
        }),
        { numRuns: 2000 },
      )
    })

    test('under a small limit the outcome does not depend on the cuts', () => {
      fc.assert(
        fc.property(stream, places, fc.integer({ min: 1, max: 20 }), (wire, at, maxEventLength) => {
          const whole = decode([wire], new SseDecoder({ maxEventLength }))
          expect(decode(cut(wire, at), new SseDecoder({ maxEventLength }))).toStrictEqual(whole)
          expect(decode(wire, new SseDecoder({ maxEventLength }))).toStrictEqual(whole)
        }),
        { numRuns: 1000 },
      )
    })
  })
})

/**
 * Runs `action` and adds up the lengths of all strings on which a method was called: an upper bound of the
 * characters it looked at, which timing on a busy machine is not.
 */
function charactersTouched(action: () => void): number {
  return metered(action, (text) => text.length)
}

/** As above, for what `indexOf` really walks over: from where it starts to its hit, or to the end. */
function charactersSearched(action: () => void): number {
  return metered(action, (text, name, args, result) => {
    if (name !== 'indexOf') return 0
    const from = Number(args[1] ?? 0)
    return (result === -1 ? text.length : Number(result)) - from
  })
}

function metered(
  action: () => void,
  cost: (text: string, name: string, args: unknown[], result: unknown) => number,
): number {
  const prototype = String.prototype as unknown as Record<string, unknown>
  const originals = new Map<string, unknown>()
  let total = 0
  try {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const original = prototype[name]
      if (name === 'constructor' || typeof original !== 'function') continue
      originals.set(name, original)
      prototype[name] = function (this: string, ...args: unknown[]): unknown {
        const result: unknown = Reflect.apply(original, this, args)
        total += cost(this, name, args, result)
        return result
      }
    }
    action()
  } finally {
    for (const [name, original] of originals) prototype[name] = original
  }
  return total
}
