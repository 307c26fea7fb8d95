import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeParam, parsePattern, parseTarget } from '../../src/wire/path.ts'

describe('parseTarget', () => {
  test.each([
    ['/', '/', ''],
    ['/a/b', '/a/b', ''],
    ['/a?', '/a', ''],
    ['/a?b=c?d', '/a', 'b=c?d'],
    ['/a?x=../..', '/a', 'x=../..'],
    ['/%61', '/a', ''],
    ['/a%20b', '/a%20b', ''],
    ['/a b', '/a%20b', ''],
    ['/%7euser', '/~user', ''],
    ['/a%2fb', '/a%2Fb', ''],
    ['/a%2Fb', '/a%2Fb', ''],
    ['/%252e%252e', '/%252e%252e', ''],
    ['/%c3%bc', '/%C3%BC', ''],
    ['/ü', '/%C3%BC', ''],
    ['/%F0%9F%8C%8A', '/%F0%9F%8C%8A', ''],
    ['/a//b/', '/a//b', ''],
    ['/a/', '/a', ''],
    ['/a//', '/a', ''],
    ['//', '/', ''],
    ['//a', '//a', ''],
    ['/...', '/...', ''],
    ['/.a/..b/c.', '/.a/..b/c.', ''],
    ['/a:b@c;d=e', '/a:b@c;d=e', ''],
    ['http://host/a?b', '/a', 'b'],
    ['HTTPS://host:1/a', '/a', ''],
    ['http://host', '/', ''],
    ['http://host?a', '/', 'a'],
    ['http://[::1]:80/a', '/a', ''],
  ])('%s is %s with query "%s"', (target, path, query) => {
    expect(parseTarget(target)).toEqual({ path, query })
  })

  test.each([
    '',
    'a',
    '*',
    'ftp://host/a',
    'host:80',
    '/%',
    '/%2',
    '/%zz',
    '/%ff',
    '/%c3',
    '/%c0%af',
    '/%ed%a0%80',
    '/.',
    '/..',
    '/a/../b',
    '/a/./b',
    '/%2e',
    '/%2E%2e/a',
    '/.%2e',
    '/a/..%2fb',
    '/a%2f..',
    '/a%2f..%2fb',
    '/%2f.',
    '/a\\b',
    '/%5c',
    '/a%00',
    '/a#b',
    'http://host/..',
    'http://',
    'http:///a',
    'http://user@host/a',
    'http://host\\a/b',
    'http://a b/c',
    'http://[::1/a',
    'http://host:99999/a',
    '*?a',
    '?a',
  ])('%s is refused', (target) => {
    expect(parseTarget(target)).toBeUndefined()
  })

  /** Targets with a bias to what is special in them. */
  const special = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%',
    '%2e',
    '%2F',
    '%5c',
    '%00',
    '%25',
    '\\',
    '?',
    '#',
    'a',
    'ü',
    ' ',
    '%C3%BC',
    '\0',
  )
  const hostile = fc
    .array(fc.oneof(special, fc.string({ maxLength: 3 })), { maxLength: 12 })
    .map((parts) => parts.join(''))

  test('never throws, and what it gives is canonical: a second reading changes nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          hostile,
          hostile.map((rest) => `/${rest}`),
          fc.string({ unit: 'binary' }),
        ),
        (target) => {
          const once = parseTarget(target)
          if (once === undefined) return
          expect(parseTarget(once.path)).toEqual({ path: once.path, query: '' })
          expect(once.path).toMatch(/^\/[\u0021-\u007e]*$/)
        },
      ),
      { numRuns: 5000 },
    )
  })

  test('two spellings of the same segments are the same path', () => {
    const segments = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(segments, fc.infiniteStream(fc.boolean()), (parts, choices) => {
        const choose = () => choices.next().value === true
        const percent = (byte: number) => `%${byte.toString(16).padStart(2, '0')}`
        const spell = (part: string) =>
          Array.from(part, (character) => {
            const encoded = encodeURIComponent(character)
            const plain = encoded === character
            if (plain && choose()) return percent(character.charCodeAt(0))
            return !plain && choose() ? encoded.toLowerCase() : encoded
          }).join('')
        const first = parseTarget(`/${parts.map(spell).join('/')}`)
        const second = parseTarget(`/${parts.map(spell).join('/')}`)
        expect(first).toEqual(second)
        if (first === undefined) return
        expect(first.path.split('/').slice(1).map(decodeParam)).toEqual(parts.map((part) => part))
      }),
      { numRuns: 2000 },
    )
  })

  test('no decoded segment can climb, end a string or hold a backslash', () => {
    fc.assert(
      fc.property(hostile, (rest) => {
        const target = parseTarget(`/${rest}`)
        if (target === undefined) return
        const decoded = target.path.split('/').slice(1).map(decodeParam).join('/')
        expect(decoded.split('/')).not.toContain('..')
        expect(decoded.split('/')).not.toContain('.')
        expect(decoded).not.toMatch(/[\\\0]/)
      }),
      { numRuns: 5000 },
    )
  })

  test('a long hostile target takes no time', () => {
    const started = performance.now()
    for (const part of ['%2e', '/.', '/..', '%', '/a%2f', 'ü', '//']) parseTarget(`/${part.repeat(20_000)}`)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('parsePattern', () => {
  test.each([
    ['/', '/', []],
    ['/a/:id', '/a/:', ['id']],
    ['/a/:id/', '/a/:', ['id']],
    ['/:a/x/:b', '/:/x/:', ['a', 'b']],
    ['/files/*rest', '/files/*', ['rest']],
    ['/files/*', '/files/*', ['*']],
    ['/café', '/caf%C3%A9', []],
    ['/%61', '/a', []],
    ['/:__proto__/:constructor', '/:/:', ['__proto__', 'constructor']],
  ])('%s has the shape %s and the names %j', (pattern, shape, names) => {
    const parsed = parsePattern(pattern)
    expect([parsed.shape, [...parsed.names.values()]]).toEqual([shape, names])
    expect(parsed.wildcard).toBe(pattern.includes('*') ? names.at(-1) : undefined)
  })

  test.each([
    'a',
    '',
    '/a/:',
    '/a/:1',
    '/a/:a-b',
    '/a/:id?',
    '/a/:id(\\d+)',
    '/a*',
    '/*/a',
    '/*a/b',
    '/**',
    '/:a/:a',
    '/:a/*a',
    '/a/../b',
    '/.',
    '/%2e%2e',
    '/%',
    '/a?b',
    '/a#b',
    '/{a}',
    '/a\\b',
    '/a:b',
  ])('%s is refused with its name and a reason', (pattern) => {
    expect(() => parsePattern(pattern)).toThrow(SyntaxError)
    expect(() => parsePattern(pattern)).toThrow(`"${pattern}"`)
  })
})

test('decodeParam never throws for what a canonical path holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const target = parseTarget(`/${encodeURIComponent(value)}`)
      if (target === undefined) return
      expect(decodeParam(target.path.slice(1))).toBe(value)
    }),
    { numRuns: 2000 },
  )
})
