import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeJsonLine, encodeJsonSeq, JsonLineDecoder, LineDecoder } from '../../src/wire/jsonl.ts'

const BOM = '\uFEFF'

interface Outcome<Item> {
  items: Item[]
  last: Item | undefined
  error: string | undefined
}

/** Feeds the chunks and ends; what was decoded before an error stays in the outcome. */
function decode<Item>(
  decoder: { push(chunk: string): Item[]; end(): Item | undefined },
  chunks: Iterable<string>,
) {
  const outcome: Outcome<Item> = { items: [], last: undefined, error: undefined }
  try {
    for (const chunk of chunks) outcome.items.push(...decoder.push(chunk))
    outcome.last = decoder.end()
  } catch (thrown) {
    outcome.error = String(thrown)
  }
  return outcome
}

/** Runs `check` for the text in one piece, in two pieces cut at every place, and one character at a time. */
function forEveryCut(text: string, check: (chunks: string[]) => void): void {
  check([text])
  for (let i = 0; i <= text.length; i++) check([text.slice(0, i), text.slice(i)])
  check(text.split('').flatMap((character) => ['', character]))
}

/** Cuts the text at the given places, which are taken modulo its length. */
function cut(text: string, places: number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
  return [...at, text.length].map((end, i) => text.slice(i === 0 ? 0 : at[i - 1], end))
}

const places = fc.array(fc.nat(), { maxLength: 6 })

describe.each([
  ['encodeJsonLine', encodeJsonLine, ''],
  ['encodeJsonSeq', encodeJsonSeq, '\x1e'],
] as const)('%s', (_name, encode, before) => {
  test.each<[unknown, string]>([
    [{ a: 1, b: [true, null] }, '{"a":1,"b":[true,null]}'],
    ['', '""'],
    [0, '0'],
    [null, 'null'],
    [false, 'false'],
    ['a\r\nb', '"a\\r\\nb"'],
    ['\u2028\u2029', '"\u2028\u2029"'],
    ['\x1e', '"\\u001e"'],
    ['\uD800', '"\\ud800"'],
    [{ left: undefined }, '{}'],
    [[undefined], '[null]'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [NaN, 'null'],
  ])('%j', (value, text) => {
    expect(encode(value)).toBe(`${before}${text}\n`)
  })

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['function', () => 1],
    ['symbol', Symbol('s')],
    ['object', { toJSON: () => undefined }],
  ])('%s has no JSON text', (type, value) => {
    expect(() => encode(value)).toThrow(TypeError)
    expect(() => encode(value)).toThrow(
      `A value of type ${type} has no JSON text: send null, or leave the item out`,
    )
  })

  test('a toJSON without a result is named as the cause, and only then', () => {
    expect(() => encode({ toJSON: () => undefined })).toThrow(/toJSON/)
    expect(() => encode(undefined)).not.toThrow(/toJSON/)
  })

  test('BigInt and cycles throw a TypeError', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(() => encode(1n)).toThrow(TypeError)
    expect(() => encode(cycle)).toThrow(TypeError)
  })
})

describe('LineDecoder', () => {
  test.each<[name: string, text: string, items: string[], last?: string]>([
    ['nothing', '', []],
    ['one line', 'a\n', ['a']],
    ['two lines', 'a\nb\n', ['a', 'b']],
    ['CRLF', 'a\r\nb\r\n', ['a', 'b']],
    ['one CR of two', 'a\r\r\n', ['a\r']],
    ['CR within a line', 'a\rb\n', ['a\rb']],
    ['empty lines', '\n\r\n\n', ['', '', '']],
    ['no LF at the end', 'a\nb', ['a'], 'b'],
    ['CR at the end', 'a\nb\r', ['a'], 'b'],
    ['only CR at the end', 'a\n\r', ['a'], ''],
    [
      'the line breaks of other languages',
      'a\u2028b\u2029c\u0085d\ve\ff\n',
      ['a\u2028b\u2029c\u0085d\ve\ff'],
    ],
    ['a BOM', `${BOM}a\n${BOM}b\n`, [`${BOM}a`, `${BOM}b`]],
  ])('%s', (_name, text, items, last) => {
    forEveryCut(text, (chunks) => {
      expect(decode(new LineDecoder(), chunks), JSON.stringify(chunks)).toStrictEqual({
        items,
        last,
        error: undefined,
      })
    })
  })

  test('a line is given with its LF, not later', () => {
    const decoder = new LineDecoder()
    expect(decoder.push('a')).toEqual([])
    expect(decoder.push('b\nc')).toEqual(['ab'])
    expect(decoder.push('\n')).toEqual(['c'])
  })

  test('end gives a line once', () => {
    const decoder = new LineDecoder()
    decoder.push('a')
    expect(decoder.end()).toBe('a')
    expect(decoder.end()).toBeUndefined()
  })

  describe('maxLineLength', () => {
    test.each(['12345\n', '12345', '1234\r\n', '12345\n\n12345\n12345'])('5 is enough for %j', (text) => {
      forEveryCut(text, (chunks) => {
        expect(
          decode(new LineDecoder({ maxLineLength: 5 }), chunks).error,
          JSON.stringify(chunks),
        ).toBeUndefined()
      })
    })

    test.each<[string, string[]]>([
      ['123456\n', []],
      ['123456', []],
      ['12345\r\n', []],
      ['a\nb\n123456\nc\n', ['a', 'b']],
      ['a\n123456', ['a']],
    ])('5 is not enough for %j', (text, items) => {
      forEveryCut(text, (chunks) => {
        const outcome = decode(new LineDecoder({ maxLineLength: 5 }), chunks)
        expect(outcome.items, JSON.stringify(chunks)).toEqual(items)
        expect(outcome.error).toMatch(
          /^RangeError: Line is longer than maxLineLength \(5 .*raise maxLineLength/,
        )
      })
    })

    test('push throws at once when it has no line to give, and from then on', () => {
      const decoder = new LineDecoder({ maxLineLength: 5 })
      expect(() => decoder.push('123456')).toThrow(RangeError)
      expect(() => decoder.push('\na\n')).toThrow(RangeError)
      expect(() => decoder.end()).toThrow(RangeError)
    })

    test('lines before the long one are given first', () => {
      const decoder = new LineDecoder({ maxLineLength: 5 })
      expect(decoder.push('a\n123456\nb\n')).toEqual(['a'])
      expect(() => decoder.push('')).toThrow(RangeError)
    })

    test('is 1 MiB of UTF-16 code units by default', () => {
      const line = 'x'.repeat(1_048_576)
      expect(new LineDecoder().push(`${line}\n`)).toEqual([line])
      expect(() => new LineDecoder().push(`${line}x\n`)).toThrow(/\(1048576 /)
    })

    test('can be taken away', () => {
      const line = 'x'.repeat(1_100_000)
      expect(new LineDecoder({ maxLineLength: Infinity }).push(`${line}\n`)).toEqual([line])
    })

    test.each([0, -1, 0.5, 1.5, NaN, -Infinity])('%s is refused', (maxLineLength) => {
      for (const Decoder of [LineDecoder, JsonLineDecoder]) {
        expect(() => new Decoder({ maxLineLength })).toThrow(RangeError)
        expect(() => new Decoder({ maxLineLength })).toThrow(/maxLineLength must be a positive integer/)
      }
    })
  })

  test('work is linear when a line comes in single characters', () => {
    const length = 20_000
    const chunks = `${'x'.repeat(length)}\r\n${'x\n'.repeat(length / 2)}`.split('')
    const decoder = new LineDecoder()
    expect(charactersTouched(() => chunks.forEach((chunk) => decoder.push(chunk)))).toBeLessThan(
      8 * chunks.length,
    )
  })

  test('the meter sees a decoder that scans its buffer again', () => {
    let buffer = ''
    const work = charactersTouched(() =>
      'x'
        .repeat(20_000)
        .split('')
        .forEach((chunk) => {
          buffer += chunk
          buffer.indexOf('\n')
        }),
    )
    expect(work).toBeGreaterThan(1000 * 20_000)
  })

  test('a line as long as the limit arrives in single characters', () => {
    const outcome = decode(new LineDecoder(), 'x'.repeat(1_048_576) + '\n')
    expect(outcome.error).toBeUndefined()
    expect(outcome.items.map((line) => line.length)).toEqual([1_048_576])
  })

  test('any lines come back, however they are cut', () => {
    const line = fc.string({ unit: fc.constantFrom('a', ' ', '\r', '\u2028', '\0', BOM, '\uD800', '😀') })
    fc.assert(
      fc.property(fc.array(line), line, places, (lines, last, at) => {
        const text = lines.map((each) => `${each}\n`).join('') + last
        const strip = (each: string) => each.replace(/\r$/, '')
        expect(decode(new LineDecoder(), cut(text, at))).toStrictEqual({
          items: lines.map(strip),
          last: last === '' ? undefined : strip(last),
          error: undefined,
        })
      }),
      { numRuns: 500 },
    )
  })
})

describe('JsonLineDecoder', () => {
  test.each<[name: string, text: string, items: unknown[], last?: unknown]>([
    ['nothing', '', []],
    ['objects', '{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
    ['every kind of value', '1\n"x"\nnull\ntrue\n[]\n', [1, 'x', null, true, []]],
    ['CRLF', '1\r\n2\r\n', [1, 2]],
    ['blank lines', '\n1\n\n\r\n \t\n2\n\r', [1, 2]],
    ['white space around a value', ' 1 \n\t2\t\n', [1, 2]],
    ['no LF at the end', '1\n2', [1], 2],
    ['null at the end', '1\nnull', [1], null],
    ['white space at the end', '1\n  ', [1]],
    ['a BOM', `${BOM}1\n`, [1]],
    ['a BOM and a blank line', `${BOM}\n1\n`, [1]],
    ['a BOM before the only line, without LF', `${BOM}1`, [], 1],
    ['a BOM alone', BOM, []],
    ['line separators in a string', '"\u2028\u2029"\n', ['\u2028\u2029']],
  ])('%s', (_name, text, items, last) => {
    forEveryCut(text, (chunks) => {
      expect(decode(new JsonLineDecoder(), chunks), JSON.stringify(chunks)).toStrictEqual({
        items,
        last,
        error: undefined,
      })
    })
  })

  test.each<[text: string, line: number, items: unknown[]]>([
    ['secret\n', 1, []],
    ['1\nsecret\n2\n', 2, [1]],
    ['1\n\n \r\n\nsecret\n', 5, [1]],
    ['1\n2\nsecret', 3, [1, 2]],
    ['1\n{"secret":\n', 2, [1]],
    ['1\n"secret', 2, [1]],
    ['{"secret":1}{"secret":2}\n', 1, []],
    [`1\n${BOM}2\n`, 2, [1]],
    [`${BOM}${BOM}1\n`, 1, []],
    ['1\n\u00a0\n', 2, [1]],
    ['\x1e1\n', 1, []],
    ['1\nNaN\n', 2, [1]],
  ])('a bad line is named by its number, never quoted: %j', (text, line, items) => {
    forEveryCut(text, (chunks) => {
      const outcome = decode(new JsonLineDecoder(), chunks)
      expect(outcome.items, JSON.stringify(chunks)).toEqual(items)
      expect(outcome.error).toBe(
        `SyntaxError: Line ${line} is not valid JSON: send one complete JSON value per line, ended by LF`,
      )
    })
  })

  test('the error carries the content nowhere else', () => {
    let error: unknown
    try {
      new JsonLineDecoder().push('secret\n')
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(SyntaxError)
    expect(error).not.toHaveProperty('cause')
    expect((error as SyntaxError).stack).not.toContain('secret')
  })

  test('push throws at once when it has no value to give, and from then on', () => {
    const decoder = new JsonLineDecoder()
    expect(() => decoder.push('\nx\n1\n')).toThrow(/^Line 2 /)
    expect(() => decoder.push('1\n')).toThrow(/^Line 2 /)
    expect(() => decoder.end()).toThrow(/^Line 2 /)
  })

  test('values before a bad line are given first', () => {
    const decoder = new JsonLineDecoder()
    expect(decoder.push('1\nx\n2\n')).toEqual([1])
    expect(() => decoder.push('')).toThrow(SyntaxError)
  })

  test('a bad last line fails end, and every call after it', () => {
    const decoder = new JsonLineDecoder()
    decoder.push('1\nx')
    expect(() => decoder.end()).toThrow(/^Line 2 /)
    expect(() => decoder.end()).toThrow(/^Line 2 /)
  })

  test('a line over the limit fails after the values before it', () => {
    forEveryCut('1\n"345"\n"3456"\n2\n', (chunks) => {
      const outcome = decode(new JsonLineDecoder({ maxLineLength: 5 }), chunks)
      expect(outcome.items).toEqual([1, '345'])
      expect(outcome.error).toMatch(/^RangeError: .*maxLineLength \(5 /)
    })
  })

  test('a bad line before one over the limit is the error', () => {
    forEveryCut('1\nx\n"3456"\n', (chunks) => {
      expect(decode(new JsonLineDecoder({ maxLineLength: 5 }), chunks).error).toMatch(/^SyntaxError: Line 2 /)
    })
  })

  test('__proto__ is an own property and changes no prototype', () => {
    const [value] = new JsonLineDecoder().push(
      '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}\n',
    )
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect((value as { admin?: unknown }).admin).toBeUndefined()
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })

  test('any JSON values come back, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ stringUnit: 'binary' })),
        fc.constantFrom('\n', '\r\n'),
        places,
        (values, lineEnd, at) => {
          const text = values.map((value) => encodeJsonLine(value).replace('\n', lineEnd)).join('')
          const { items, last, error } = decode(new JsonLineDecoder(), cut(text, at))
          // As text: a matcher would read a __proto__ key of a generated object as its prototype.
          expect(items.map((item) => JSON.stringify(item))).toEqual(
            values.map((value) => JSON.stringify(value)),
          )
          expect(last).toBeUndefined()
          expect(error).toBeUndefined()
        },
      ),
      { numRuns: 500 },
    )
  })

  test('a JSON text sequence is its records between RS and LF', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const [before, ...records] = values.map(encodeJsonSeq).join('').split('\x1e')
        expect(before).toBe('')
        expect(records).toEqual(values.map(encodeJsonLine))
      }),
    )
  })
})

/**
 * Runs `action` and adds up the lengths of all strings on which a method was called: an upper bound of the
 * characters it looked at, which timing on a busy machine is not.
 */
function charactersTouched(action: () => void): number {
  const prototype = String.prototype as unknown as Record<string, unknown>
  const originals = new Map<string, unknown>()
  let total = 0
  try {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const original = prototype[name]
      if (name === 'constructor' || typeof original !== 'function') continue
      originals.set(name, original)
      prototype[name] = function (this: string, ...args: unknown[]): unknown {
        total += this.length
        return Reflect.apply(original, this, args)
      }
    }
    action()
  } finally {
    for (const [name, original] of originals) prototype[name] = original
  }
  return total
}
