import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonTooDeep, MAX_JSON_DEPTH, parseJson } from '../../src/wire/json.ts'
import { JsonLineDecoder } from '../../src/wire/jsonl.ts'

const lists = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const objects = (depth: number) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

describe('parseJson', () => {
  test.each([
    ['lists', lists],
    ['objects', objects],
  ])('%s up to the bound, and no deeper', (_, nest) => {
    expect(depthOf(parseJson(nest(MAX_JSON_DEPTH)))).toBe(MAX_JSON_DEPTH)
    for (const depth of [MAX_JSON_DEPTH + 1, 3000, 1_000_000])
      expect(() => parseJson(nest(depth))).toThrow(JsonTooDeep)
  })

  test('brackets in strings, and side by side, are not depth', () => {
    for (const value of [
      '['.repeat(1000),
      '"['.repeat(500),
      '\\['.repeat(500),
      '\\"{'.repeat(500),
      Array.from({ length: 500 }, () => [{}]),
    ])
      expect(parseJson(JSON.stringify(value))).toEqual(value)
  })

  test('is JSON.parse for everything that is not too deep', () => {
    const json = fc.json({ maxDepth: 6 })
    fc.assert(
      fc.property(json, fc.integer({ min: 0, max: 8 }), (text, maxDepth) => {
        const value = JSON.parse(text) as unknown
        if (depthOf(value) > maxDepth) expect(() => parseJson(text, maxDepth)).toThrow(JsonTooDeep)
        else expect(parseJson(text, maxDepth)).toEqual(value)
      }),
      { numRuns: 2000 },
    )
  })

  test('looks at every character once', () => {
    for (const unit of ['\\"', '\\\\', '\\\\\\"', '"', '[', '{"a":', '\\'])
      for (const text of [unit.repeat(300_000), `["${unit.repeat(300_000)}"]`]) {
        const started = performance.now()
        try {
          parseJson(text)
        } catch {
          // Most of them are not JSON.
        }
        expect([unit, performance.now() - started < 500]).toEqual([unit, true])
      }
  })
})

test('a line that is too deep is an error with its number, behind the lines in front of it', () => {
  const decoder = new JsonLineDecoder({ parse: (text) => parseJson(text, 3) })
  expect(decoder.push(`[[[]]]\n${lists(4)}\n1\n`)).toEqual([[[[]]]])
  expect(() => decoder.push('')).toThrow('Line 2: JSON may be nested 3 levels deep, and this is deeper.')
  expect(new JsonLineDecoder().push(`${lists(1000)}\n`)).toHaveLength(1)
})
