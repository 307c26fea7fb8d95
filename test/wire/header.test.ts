import { validateHeaderName, validateHeaderValue } from 'node:http'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertHeader, mediaTypeCharset, mediaTypeEssence } from '../../src/wire/header.ts'

describe('assertHeader', () => {
  test.each(['x', 'X-A', 'content-type', "!#$%&'*+-.^_`|~09az", '__proto__'])(
    'the name %s is fine',
    (name) => {
      expect(() => assertHeader(name, 'v')).not.toThrow()
    },
  )

  test.each(['', ' ', 'a b', 'a:', 'a\r', 'a\n', 'a\0', 'ä', '(a)', 'a"', 'a/b', '\ta'])(
    'the name %j is refused',
    (name) => {
      expect(() => assertHeader(name, 'v')).toThrow(TypeError)
    },
  )

  test('a value may hold what a line can carry, and nothing else', () => {
    for (let code = 0; code <= 0x17f; code++) {
      const value = `a${String.fromCharCode(code)}b`
      const fine = code === 9 || (code >= 0x20 && code !== 0x7f && code <= 0xff)
      const check = () => assertHeader('x', value)
      if (fine) expect(check, `U+${code.toString(16)}`).not.toThrow()
      else expect(check, `U+${code.toString(16)}`).toThrow(TypeError)
    }
    for (const value of ['\u2028', '€', '😀', '\ud800'])
      expect(() => assertHeader('x', value)).toThrow(TypeError)
  })

  test('the message never holds the value', () => {
    expect(() => assertHeader('x-token', 'hunter2\n')).toThrow(/^(?!.*hunter2).*x-token/)
  })

  test('what is not a string is refused', () => {
    expect(() => assertHeader('x', ['a\nb'] as never)).toThrow(TypeError)
  })

  test('whatever passes, a web Headers and node:http take too', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 12 }),
        fc.string({ unit: 'binary', maxLength: 12 }),
        (name, value) => {
          try {
            assertHeader(name, value)
          } catch {
            return
          }
          validateHeaderName(name)
          validateHeaderValue(name, value)
          const headers = new Headers()
          headers.set(name, value)
          expect(headers.get(name)).toBe(value.replaceAll(/^[\t ]+|[\t ]+$/g, ''))
        },
      ),
      { numRuns: 3000 },
    )
  })
})

test.each([
  ['text/html', 'text/html', undefined],
  ['Text/HTML; charset=UTF-8', 'text/html', 'utf-8'],
  ['text/html;charset="utf-8"', 'text/html', 'utf-8'],
  ['text/plain ; charset = latin1', 'text/plain', 'latin1'],
  ['text/plain; a=b; charset=x', 'text/plain', 'x'],
  [' application/json ', 'application/json', undefined],
  ['', '', undefined],
  [';', '', undefined],
])('%j has the essence %j and the charset %j', (contentType, essence, charset) => {
  expect([mediaTypeEssence(contentType), mediaTypeCharset(contentType)]).toEqual([essence, charset])
})

test('a hostile content-type takes no time', () => {
  const started = performance.now()
  for (const part of ['; ', ';charset', '; charset =', ' ', '"'])
    mediaTypeCharset(`a/b${part.repeat(50_000)}`)
  expect(performance.now() - started).toBeLessThan(2000)
})
