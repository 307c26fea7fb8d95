import { expect, test } from 'vitest'
import { isMisspelt, toFilePath } from '../../src/wire/file-path.ts'
import { slashesAtEnd } from '../../src/wire/path.ts'

test.each([
  ['', '%20', 'a%20', 'a.', '...', 'a:b', 'a%5Cb', 'a%2Fb', '%00', 'a%0Ab', 'a%7Fb'],
  [
    'con',
    'CON',
    'Con.txt',
    'nul',
    'aux.',
    'prn.tar.gz',
    'com1',
    'LPT9.x',
    'com%C2%B2',
    'conin$',
    'con%20.txt',
  ],
  ['a~1', 'PROGRA~1', 'a~9.txt', '.', '..', '.env', '.well-known'],
])('refused: %s and others', (...names) => {
  for (const name of names) {
    expect(toFilePath([name], false), name).toBeUndefined()
    expect(toFilePath(['a', name, 'b'], false), name).toBeUndefined()
  }
})

test('plain names are decoded and pass', () => {
  const names = [
    'a.txt',
    'a b',
    'ä',
    'console',
    'com10',
    'com',
    'a~b',
    'a~',
    '~',
    'nullable.js',
    'x.con',
    '-',
    '%',
  ]
  const encoded = names.map(encodeURIComponent)
  expect(toFilePath(encoded, false)).toEqual(names)
  expect(toFilePath([], false)).toEqual([])
  expect(toFilePath(['.well-known', 'x'], true)).toEqual(['.well-known', 'x'])
  for (const name of ['.', '..', '...', '.a.']) expect(toFilePath([name], true), name).toBeUndefined()
})

test('another spelling of the same name is one, a link is not', () => {
  expect(isMisspelt('/a/b', '/a/b')).toBe(false)
  expect(isMisspelt('/a/B', '/a/b')).toBe(true)
  expect(isMisspelt('/a/\u00e4', '/a/a\u0308')).toBe(true)
  expect(isMisspelt('/a/b', '/a/c')).toBe(false)
})

test.each([
  ['/', 1],
  ['/a', 0],
  ['/a/', 1],
  ['/a//', 2],
  ['/a/?b/', 1],
  ['/a?b/', 0],
  ['', 0],
  ['//', 2],
  ['http://host/a/', 1],
])('%s ends with %i', (target, slashes) => {
  expect(slashesAtEnd(target)).toBe(slashes)
})
