import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonArrayDecoder } from '../../src/wire/json-array.ts'

interface Outcome {
  values: unknown[]
  error: string | undefined
}

function decode(chunks: Iterable<string>): Outcome {
  const decoder = new JsonArrayDecoder()
  const outcome: Outcome = { values: [], error: undefined }
  try {
    for (const chunk of chunks) outcome.values.push(...decoder.push(chunk))
    decoder.end()
  } catch (thrown) {
    outcome.error = String(thrown)
  }
  return outcome
}

function forEveryCut(text: string, check: (chunks: string[]) => void): void {
  check([text])
  for (let i = 0; i <= text.length; i++) check([text.slice(0, i), text.slice(i)])
  check(text.split(''))
}

test.each<[string, unknown[]]>([
  ['[]', []],
  [' \n[ \n] \n', []],
  ['\ufeff[1]', [1]],
  ['[\n{"a":1},\n{"a":[2,"]"]}\n]\n', [{ a: 1 }, { a: [2, ']'] }]],
  ['["a","\\"],[","\\\\"]', ['a', '"],[', '\\']],
  ['[[],[[]],{}]', [[], [[]], {}]],
  ['[1,-2.5e3 ,null, true,false]', [1, -2500, null, true, false]],
  ['[""]', ['']],
])('%j', (text, values) => {
  forEveryCut(text, (chunks) => expect(decode(chunks)).toEqual({ values, error: undefined }))
})

test.each<[string, unknown[]]>([
  ['{}', []],
  ['1', []],
  ['[1 2]', []],
  ['[1,]', [1]],
  ['[,1]', []],
  ['[{} 1]', [{}]],
  ['[{}{}]', [{}]],
  ['[1}', []],
  ['[] x', []],
  ['[1][2]', [1]],
  ['["\n"]', []],
  [' \ufeff[]', []],
  ['\ufeff\ufeff[]', []],
  ['[1] \n \ufeff', [1]],
])('what is no array: %j', (text, values) => {
  forEveryCut(text, (chunks) => {
    const outcome = decode(chunks)
    expect(outcome.error).toContain('SyntaxError')
    expect(outcome.values).toEqual(values)
  })
})

describe('truncation', () => {
  test('is seen at every byte', () => {
    const text = '[\n{"a":"]"},\n[1,2],3\n]'
    for (let i = 0; i < text.length; i++) expect(decode([text.slice(0, i)]).error).toContain('ended before')
  })
})

test('an element is there as soon as it can be told that it is whole', () => {
  const decoder = new JsonArrayDecoder()
  expect(decoder.push('[\n{"a":1}')).toEqual([{ a: 1 }])
  expect(decoder.push(',\n"b"')).toEqual(['b'])
  expect(decoder.push(',12')).toEqual([])
  expect(decoder.push('3')).toEqual([])
  expect(decoder.push(']')).toEqual([123])
})

test('a decoder that has failed stays failed, and holds nothing', () => {
  const decoder = new JsonArrayDecoder()
  expect(decoder.push('[1,x,2]')).toEqual([1])
  expect(() => decoder.push('')).toThrow(SyntaxError)
  expect(() => decoder.end()).toThrow(SyntaxError)
})

test('an element has a bound', () => {
  const decoder = new JsonArrayDecoder()
  decoder.push('["')
  expect(() => {
    for (let i = 0; i < 20; i++) decoder.push('x'.repeat(100_000))
  }).toThrow(RangeError)
})

test('any array, however it is written and cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue()),
      fc.constantFrom(undefined, 1, '\t'),
      fc.array(fc.nat(), { maxLength: 6 }),
      (values, space, places) => {
        const text = JSON.stringify(values, null, space)
        const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
        const chunks = [...at, text.length].map((end, i) => text.slice(i === 0 ? 0 : at[i - 1], end))
        expect(decode(chunks)).toEqual({ values: JSON.parse(text), error: undefined })
      },
    ),
  )
})
