import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeFilename } from '../../src/wire/filename.ts'

test.each([
  ['photo.png', 'photo.png'],
  ['größe 1.png', 'größe 1.png'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Users\\me\\x.txt', 'x.txt'],
  ['..', 'file'],
  ['...', 'file'],
  ['', 'file'],
  ['/', 'file'],
  ['.htaccess', 'htaccess'],
  ['a.txt. . ', 'a.txt'],
  ['a\0b.txt', 'a_b.txt'],
  ['a\r\nb.txt', 'a_b.txt'.replace('_', '__')],
  ['a:b*c?"<>|.txt', 'a_b_c_____.txt'],
  ['con', '_con'],
  ['NUL.txt', '_NUL.txt'],
  ['nul .txt', '_nul .txt'],
  ['CONIN$', '_CONIN$'],
  ['conout$.log', '_conout$.log'],
  ['com²', '_com²'],
  [`nul${' '.repeat(300)}x.txt`, '_nul.txt'],
  [`con.${'x'.repeat(300)}`, `_con.${'x'.repeat(195)}`],
  ['console.txt', 'console.txt'],
  ['gpj.\u202eexe', 'gpj._exe'],
  ['\ud800x', '_x'],
  [` .a${' .'.repeat(9)}b. .`, `a${' .'.repeat(9)}b`],
  // UAX 15 section 13: no script piles more than 30 marks on a letter.
  [`a${'\u0301\u0323'.repeat(20)}.png`, `\u1ea1${'\u0323'.repeat(14)}${'\u0301'.repeat(15)}.png`],
  [`${'ä'.repeat(200)}.png`, `${'ä'.repeat(98)}.png`],
  ['x'.repeat(300), 'x'.repeat(200)],
])('%j becomes %j', (sent, name) => {
  expect(safeFilename(sent)).toBe(name)
})

test('whatever is sent, the name stays in its directory', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (sent) => {
      const name = safeFilename(sent)
      expect(name).not.toBe('')
      expect(name).not.toMatch(/^[. ]|[/\\\0]|[. ]$/)
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255)
      expect(safeFilename(name)).toBe(name)
    }),
  )
})
