/** JSON that is read in turns is what `JSON.parse` makes of it, and holds the loop for a slice at a time (issue 11). */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { parseInTurns } from '../../src/wire/json-turn.ts'

const LENGTH = 128 * 1024
const now = () => Promise.resolve()
const read = (text: string) => parseInTurns(text, now)

const sameAsParse = async (text: string) => {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    await expect(read(text), text.slice(0, 80)).rejects.toThrow(SyntaxError)
    return
  }
  const value = await read(text)
  expect(value).toStrictEqual(parsed)
  // The order of names, and numbers that `toStrictEqual` takes for the same.
  expect(JSON.stringify(value)).toBe(JSON.stringify(parsed))
}

/** Long enough to be cut, with each value in several places. */
const stretch = (value: unknown, blank: string): string => {
  const text = JSON.stringify(value)
  const filler = `"${'x'.repeat(6000)}"`
  return `${blank}[${text},${filler},{"a":${text},"b":[${filler},${text}${blank}],${blank}"__proto__":${text}},${filler},${text}]${blank}`
}

const KINDS: Record<string, string> = {
  objects: `[${'{},'.repeat(LENGTH / 3 - 2)}0]`,
  lists: `[${'[],'.repeat(LENGTH / 3 - 2)}0]`,
  numbers: `[${'1,'.repeat(LENGTH / 2 - 2)}0]`,
  names: `{${Array.from({ length: 10_000 }, (_, i) => `"${i.toString(36)}x":0`).join(',')}}`,
  'the same name': `{${'"a":1,'.repeat(10_000)}"a":2}`,
  'names within names': `${'{"a":['.repeat(60)}${'{},'.repeat(8_000)}0${']}'.repeat(60)}`,
  text: `"${'x'.repeat(LENGTH)}"`,
  'text of escapes': `["${'\\\\\\"'.repeat(LENGTH / 8)}"]`,
  blanks: `[${' '.repeat(LENGTH)}]`,
}

describe.each(Object.entries(KINDS))('1 MiB of %s', (_, text) => {
  test('is what JSON.parse makes of it', () => sameAsParse(text))

  test.each(['', '}', ']', ',', '0', '"'])('and the wrong end %j is refused', async (end) => {
    for (const wrong of [text.slice(0, -1) + end, text + end, `${text.slice(0, -1)},${text.slice(-1)}`]) {
      await sameAsParse(wrong)
    }
  })
})

test('values in any place, and what is left of them when a character is missing or twice', async () => {
  const property = fc.asyncProperty(
    fc.jsonValue(),
    fc.constantFrom('', ' ', '\n\t'),
    fc.nat(),
    async (value, blank, at) => {
      const text = stretch(value, blank)
      const place = at % text.length
      await sameAsParse(text)
      await sameAsParse(text.slice(0, place) + text.slice(place + 1))
      await sameAsParse(text.slice(0, place) + text[place]! + text.slice(place))
    },
  )
  await fc.assert(property, { numRuns: 150 })
})

test('the loop has turns in between', async () => {
  let turns = 0
  await parseInTurns(`[${'{},'.repeat(350_000)}0]`, async () => void turns++)
  expect(turns).toBeGreaterThan(1)
  turns = 0
  await parseInTurns('{"a":1}', async () => void turns++)
  expect(turns).toBe(0)
})

test('the whole of it is never parsed at once', async () => {
  const parse = vi.spyOn(JSON, 'parse')
  try {
    for (const kind of ['objects', 'names', 'names within names']) await read(KINDS[kind]!)
    expect(Math.max(...parse.mock.calls.map(([text]) => text.length))).toBeLessThan(20_000)
  } finally {
    parse.mockRestore()
  }
})
