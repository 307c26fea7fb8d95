import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkConditions,
  checkIfRange,
  parseEntityTags,
  toEntityTag,
  withTagSuffix,
} from '../../src/wire/condition.ts'

const TAG = '"abc"'
const MODIFIED = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const SAME = 'Fri, 02 Jan 2026 03:04:05 GMT'
const BEFORE = 'Fri, 02 Jan 2026 03:04:04 GMT'
const AFTER = 'Fri, 02 Jan 2026 03:04:06 GMT'

const check = (fields: Record<string, string>, etag: string | undefined = TAG, modified?: number | null) =>
  checkConditions((name) => fields[name], {
    etag,
    modified: modified === null ? undefined : (modified ?? MODIFIED),
  })

describe('checkConditions', () => {
  // RFC 9110 sections 13.1.1 to 13.1.4, one by one.
  test.each([
    [{}, 'send'],
    [{ 'if-match': TAG }, 'send'],
    [{ 'if-match': '*' }, 'send'],
    [{ 'if-match': '"x", "abc"' }, 'send'],
    [{ 'if-match': '"x"' }, 'failed'],
    [{ 'if-match': 'W/"abc"' }, 'failed'],
    [{ 'if-match': 'abc' }, 'failed'],
    [{ 'if-match': '' }, 'failed'],
    [{ 'if-none-match': TAG }, 'not-modified'],
    [{ 'if-none-match': 'W/"abc"' }, 'not-modified'],
    [{ 'if-none-match': '"x", W/"abc" , "y"' }, 'not-modified'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"x"' }, 'send'],
    [{ 'if-none-match': 'abc' }, 'send'],
    [{ 'if-none-match': '"ABC"' }, 'send'],
    [{ 'if-modified-since': SAME }, 'not-modified'],
    [{ 'if-modified-since': AFTER }, 'not-modified'],
    [{ 'if-modified-since': BEFORE }, 'send'],
    [{ 'if-modified-since': 'yesterday' }, 'send'],
    [{ 'if-unmodified-since': SAME }, 'send'],
    [{ 'if-unmodified-since': AFTER }, 'send'],
    [{ 'if-unmodified-since': BEFORE }, 'failed'],
    [{ 'if-unmodified-since': 'yesterday' }, 'send'],
    // Tags count for more than dates (section 13.2.2).
    [{ 'if-match': TAG, 'if-unmodified-since': BEFORE }, 'send'],
    [{ 'if-match': '"x"', 'if-unmodified-since': AFTER }, 'failed'],
    [{ 'if-none-match': TAG, 'if-modified-since': BEFORE }, 'not-modified'],
    [{ 'if-none-match': '"x"', 'if-modified-since': AFTER }, 'send'],
    // What must hold comes before what may be spared.
    [{ 'if-match': '"x"', 'if-none-match': TAG }, 'failed'],
    [{ 'if-match': TAG, 'if-none-match': TAG }, 'not-modified'],
    [{ 'if-unmodified-since': BEFORE, 'if-none-match': TAG }, 'failed'],
    [{ 'if-unmodified-since': AFTER, 'if-modified-since': AFTER }, 'not-modified'],
    [{ 'if-match': TAG, 'if-modified-since': SAME }, 'not-modified'],
  ] as const)('%j: %s', (fields, verdict) => {
    expect(check(fields)).toBe(verdict)
  })

  test('a weak tag is never the same for If-Match, and is for If-None-Match', () => {
    for (const asked of ['W/"abc"', '"abc"']) {
      expect(check({ 'if-match': asked }, 'W/"abc"')).toBe('failed')
      expect(check({ 'if-none-match': asked }, 'W/"abc"')).toBe('not-modified')
    }
  })

  test('without a tag or a date nothing matches, and nothing is older', () => {
    const bare = (fields: Record<string, string>) =>
      checkConditions((name) => fields[name], { etag: undefined, modified: undefined })
    expect(bare({ 'if-match': TAG })).toBe('failed')
    expect(bare({ 'if-match': '*' })).toBe('send')
    expect(bare({ 'if-none-match': TAG })).toBe('send')
    expect(bare({ 'if-modified-since': AFTER })).toBe('send')
    expect(bare({ 'if-unmodified-since': BEFORE })).toBe('send')
  })
})

describe('checkIfRange', () => {
  const at = (value: string | undefined, etag: string | undefined, now = MODIFIED + 5000) =>
    checkIfRange(value, { etag, modified: MODIFIED }, now)

  test.each([
    [undefined, TAG, true],
    [TAG, TAG, true],
    ['"x"', TAG, false],
    ['W/"abc"', TAG, false],
    ['W/"abc"', 'W/"abc"', false],
    [TAG, 'W/"abc"', false],
    [TAG, undefined, false],
    [SAME, TAG, true],
    // Not newer or older: the same (section 13.1.5).
    [AFTER, TAG, false],
    [BEFORE, TAG, false],
    ['yesterday', TAG, false],
    ['', TAG, false],
    ['abc', TAG, false],
    ['"abc", "x"', TAG, false],
    ['*', TAG, false],
  ])('%j against %j: %s', (value, etag, holds) => {
    expect(at(value, etag)).toBe(holds)
  })

  test('a date of the current second is not to be trusted', () => {
    expect(at(SAME, TAG, MODIFIED + 100)).toBe(false)
    expect(at(SAME, TAG, MODIFIED + 400)).toBe(true)
  })
})

describe('entity tags', () => {
  test.each([
    ['"a"', ['"a"']],
    ['"a", "b"', ['"a"', '"b"']],
    ['"a","b"', ['"a"', '"b"']],
    [', ,"a",,W/"b" ,', ['"a"', 'W/"b"']],
    ['""', ['""']],
    ['"a,b"', ['"a,b"']],
    ['"ä!#~"', ['"ä!#~"']],
    ['', []],
    [' , ,', []],
    ['a', []],
    ['"a" "b"', []],
    ['"a"b', []],
    ['"a', []],
    ['"a b"', []],
    ['w/"a"', []],
    ['"a", b', []],
  ])('%j holds %j', (field, tags) => {
    expect(parseEntityTags(field)).toEqual(tags)
  })

  test('lists of any tags come back, wherever they are split', () => {
    const tag = fc
      .tuple(fc.boolean(), fc.stringMatching(/^[!#-~]{0,8}$/))
      .map(([weak, text]) => `${weak ? 'W/' : ''}"${text}"`)
    fc.assert(
      fc.property(fc.array(tag), fc.constantFrom(',', ', ', ' ,\t', ',,'), (tags, separator) => {
        expect(parseEntityTags(tags.join(separator))).toEqual(tags)
      }),
    )
    const list = '"one", W/"two" ,"three"'
    for (let at = 0; at <= list.length; at++) {
      // A part gives whole tags or nothing, never a tag that was not there.
      for (const found of parseEntityTags(list.slice(0, at)))
        expect(['"one"', 'W/"two"', '"three"']).toContain(found)
    }
    fc.assert(fc.property(fc.string(), (text) => void parseEntityTags(text)))
  })

  test('a long hostile list takes no time', () => {
    const startedAt = process.cpuUsage().user
    for (const hostile of [
      ','.repeat(100_000),
      ' '.repeat(100_000),
      '"a",'.repeat(25_000),
      'W/'.repeat(50_000),
    ])
      parseEntityTags(`${hostile}"`)
    expect(process.cpuUsage().user - startedAt).toBeLessThan(500_000)
  })

  test('what a user gives is quoted, or refused', () => {
    expect(['v1', '"v1"', 'W/"v1"'].map(toEntityTag)).toEqual(['"v1"', '"v1"', 'W/"v1"'])
    for (const bad of ['a b', 'a"b', '"a", "b"', '"a', 'W/"a', '\n', '€'])
      expect(() => toEntityTag(bad), bad).toThrow(TypeError)
    expect([withTagSuffix('"a"', 'br'), withTagSuffix('W/"a"', 'br')]).toEqual(['"a-br"', 'W/"a-br"'])
  })
})
