/**
 * Every regular expression that may see text of a client or of a foreign server is linear: one that is
 * quadratic holds the event loop for seconds on a header of 16 KiB (issue 11, finding 4).
 *
 * The expressions are found in the source. Each runs on texts that are derived from it: what its parts match,
 * alone and in pairs, repeated up to 100 000 characters, behind what may stand in front of them, and in front
 * of a character that makes most matches fail. What takes quadratic time takes seconds for that. A text
 * grows to its full length in steps, so that an exponential one fails early.
 */
import { describe, expect, test } from 'vitest'
import { type Expression, expressionsIn, readExpressions } from './expression.ts'
import { piecesOf } from './pattern.ts'
import { isSlow } from './time.ts'

const ROOMS = ['wire', 'core', 'upload', 'transports', 'stream', 'limits', 'client', 'adapters', 'channels']
const LENGTH = 100_000
const LIMIT_MS = 50
/** A character that most parts do not match, so that no part that is anchored takes the text. */
const FOREIGN = '\0'
/** A line break, at which `.` and `$` stop, also behind what stops negated classes, and what most classes lack. */
const TAILS = ['\n', '/?#"\'()<>[]{}\\,;=:&\n', FOREIGN]

const expressions = readExpressions(ROOMS)

test('the expressions of the source are found', () => {
  expect(expressions.length).toBeGreaterThan(60)
  expect(expressions.map(({ place }) => place.replace(/:\d+$/, ''))).toEqual(
    expect.arrayContaining([
      'src/wire/http-date.ts',
      'src/wire/filename.ts',
      'src/transports/node/forwarded.ts',
    ]),
  )
})

test.each(expressions)('$place: $pattern', (expression) => {
  expect(slowInput(expression)).toBeUndefined()
})

describe('known bad', () => {
  test.each([
    ['wire/filename.ts at f8c6148', String.raw`text.replace(/^[. ]+|[. ]+$/g, '')`],
    [
      'wire/digest.ts at f8c6148',
      String.raw`/^[ \t]*([a-z*][a-z0-9_.*-]*)[ \t]*(?:=[ \t]*(\d{1,2}))?[ \t]*$/`,
    ],
    ['wire/path.ts at f8c6148', String.raw`/^https?:\/\/[^/?#]*(.*)$/i`],
    ['transports/node/forwarded.ts at f8c6148, lists', String.raw`/(?:"(?:[^"\\]|\\.)*"|[^,"]|")+/g`],
    ['transports/node/forwarded.ts at f8c6148, pairs', String.raw`/(?:"(?:[^"\\]|\\.)*"|[^;"]|")+/g`],
    ['core/dependency/credential.ts at f8c6148', "/^([!#$%&'*+\\-.^_`|~0-9A-Za-z]+)(?: +(.*))?$/"],
    ['core/reply/vary.ts at f8c6148', String.raw`text.split(/\s*,\s*/)`],
    ['core/route.ts at f8c6148', String.raw`/^.*\((.*)\)$/`],
    ['stream/static-site.ts at f8c6148', String.raw`/[.-](?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}(\.\w+)+$/`],
    ['client/client.ts at f8c6148', String.raw`/\/+$/`],
    ['made of constants', String.raw`const SPACES = ' +'; const END = '$'; new RegExp(SPACES + END)`],
    ['exponential', '/^(a+)+$/'],
    ['cubic', '/^a*a*a*$/'],
  ])('%s', (_, source) => {
    const [expression] = expressionsIn('known-bad.ts', source)
    expect(slowInput(expression!)).toMatch(/^".*" takes more than 50 ms/)
  })
})

/** The first text on which an expression is slow, with what to do; undefined if there is none. */
function slowInput({ place, pattern, splits }: Expression): string | undefined {
  for (const [prefix, unit] of unitsOf(pattern)) {
    for (const tail of TAILS) {
      const make = (length: number) => prefix + unit.repeat(length / unit.length) + tail
      if (!isSlow((text) => use(text, pattern, splits), make, LENGTH, LIMIT_MS)) continue
      const text = `${JSON.stringify(prefix)} + ${JSON.stringify(unit)}.repeat(n) + ${JSON.stringify(tail)}`
      return `${text} takes more than ${LIMIT_MS} ms. ${place}: ${pattern} is not linear. Let no two parts of it take the same character, and no search begin inside of a run: anchor it, use (?<![class]), or a loop.`
    }
  }
  return undefined
}

function unitsOf(pattern: RegExp): [prefix: string, unit: string][] {
  const pieces = piecesOf(pattern)
  // Words are alternatives mostly, of which pairs tell nothing.
  const pairable = pieces.map(({ text }) => text).filter((text) => !/[a-z]{3}/i.test(text))
  const units = new Map<string, [string, string]>()
  for (const { text, prefixes } of pieces) {
    for (const unit of [text, ...(pairable.includes(text) ? pairable.map((next) => text + next) : [])])
      for (const start of ['', FOREIGN, ...prefixes]) units.set(`${start} ${unit}`, [start, unit])
  }
  return [...units.values()]
}

/** Uses an expression as the source does: at one place, everywhere, or from place to place. */
function use(text: string, pattern: RegExp, splits: boolean): void {
  if (splits) text.split(pattern)
  else if (pattern.global) text.replace(pattern, '')
  else if (pattern.sticky) {
    let at = 0
    do {
      pattern.lastIndex = at
    } while (pattern.test(text) && pattern.lastIndex > at && (at = pattern.lastIndex) < text.length)
  } else pattern.exec(text)
}
