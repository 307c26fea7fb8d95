import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseQuery, QuerySyntaxError } from '../../src/wire/query.ts'

const plain = (text: string) => Object.fromEntries(Object.entries(parseQuery(text)))

describe('parseQuery', () => {
  test.each([
    ['', {}],
    ['&&', {}],
    ['a', { a: '' }],
    ['a=', { a: '' }],
    ['=', { '': '' }],
    ['=b', { '': 'b' }],
    ['a=b=c', { a: 'b=c' }],
    ['a&b=1&c', { a: '', b: '1', c: '' }],
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a=1&a=2&a=3', { a: ['1', '2', '3'] }],
    ['a=1&&b=2&', { a: '1', b: '2' }],
    ['a+b=c+d', { 'a b': 'c d' }],
    ['a=%2B%26%3D', { a: '+&=' }],
    ['a%5B%5D=1', { 'a[]': '1' }],
    ['a.b=1&a[b]=2', { 'a.b': '1', 'a[b]': '2' }],
    ['%C3%BC=%E2%82%AC', { ü: '€' }],
    ['a;b=1', { 'a;b': '1' }],
    ['a=?/:@', { a: '?/:@' }],
  ])('"%s"', (text, wanted) => {
    expect(plain(text)).toEqual(wanted)
  })

  test.each(['%', 'a=%', 'a=%1', '%zz=1', 'a=%ff', 'a=%c3', 'a=%ed%a0%80', 'ok=1&a=%c0%af'])(
    '"%s" is refused',
    (text) => {
      expect(() => parseQuery(text)).toThrow(QuerySyntaxError)
    },
  )

  test('names of Object.prototype are names like any other', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']
    const record = parseQuery(names.map((name) => `${name}=a&${name}=b`).join('&'))
    expect(Object.getOwnPropertyNames(record)).toEqual(names)
    for (const name of names) expect(record[name]).toEqual(['a', 'b'])
    expect(parseQuery('')['toString']).toBeUndefined()
    expect(({} as Record<string, unknown>)['a']).toBeUndefined()
    expect('polluted' in parseQuery('__proto__=x')).toBe(false)
  })

  test('the number of fields is bounded, exactly', () => {
    expect(parseQuery(new Array(1000).fill('a').join('&'))['a']).toHaveLength(1000)
    expect(() => parseQuery(new Array(1001).fill('a').join('&'))).toThrow(/1000/)
    expect(() => parseQuery('a&b&c', 2)).toThrow(QuerySyntaxError)
    expect(Object.keys(parseQuery('a&&&b', 2))).toEqual(['a', 'b'])
    const started = performance.now()
    expect(() => parseQuery('a&'.repeat(1_000_000))).toThrow(QuerySyntaxError)
    parseQuery('&'.repeat(1_000_000))
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test('reads what URLSearchParams writes', () => {
    const field = fc.string({ unit: 'grapheme', maxLength: 8 })
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { maxLength: 20 }), (fields) => {
        const wanted = new Map<string, string[]>()
        for (const [key, value] of fields) wanted.set(key, [...(wanted.get(key) ?? []), value])
        const record = parseQuery(new URLSearchParams(fields).toString())
        expect(Object.keys(record).length).toBe(wanted.size)
        for (const [key, values] of wanted)
          expect(record[key]).toEqual(values.length === 1 ? values[0] : values)
      }),
      { numRuns: 2000 },
    )
  })

  test('either reads as URLSearchParams does, or refuses', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '=',
      '&',
      '+',
      '%',
      '%2',
      '%20',
      '%C3',
      '%BC',
      '%ff',
      ';',
      '__proto__',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join('')
        let record: Record<string, string | string[]>
        try {
          record = parseQuery(text)
        } catch (error) {
          expect(error).toBeInstanceOf(QuerySyntaxError)
          return
        }
        const params = new URLSearchParams(text)
        expect(Object.keys(record).sort()).toEqual([...new Set(params.keys())].sort())
        for (const [key, value] of Object.entries(record)) expect([value].flat()).toEqual(params.getAll(key))
      }),
      { numRuns: 5000 },
    )
  })
})
