import { describe, expect, test } from 'vitest'
import { authorityOf, isHost, isSameHost } from '../../src/wire/host.ts'

describe('isHost', () => {
  test.each([
    'a',
    'a.example',
    'A.Example:8080',
    'a.example.',
    'my_service.internal:80',
    'xn--mnchen-3ya.de',
    '127.0.0.1',
    '127.0.0.1:443',
    '[::1]',
    '[2001:db8::1]:8443',
    '[::ffff:127.0.0.1]',
    'a:',
    'a:65535',
  ])('%s is one', (text) => expect(isHost(text)).toBe(true))

  test.each([
    '',
    ':80',
    'a b',
    'a,b',
    'a.example, b.example',
    'a/b',
    'a?b',
    'a#b',
    'a\\b',
    'user@a',
    'user:pass@a',
    'a:b',
    'a:65536',
    'a:123456',
    'a:80:80',
    '::1',
    '[::1',
    '[]',
    '[::::]',
    '[1.2.3.4]',
    '[::1]x',
    '%61',
    'a%00',
    'a\0',
    'a\n',
    'münchen.de',
    'a'.repeat(256),
  ])('%j is none', (text) => expect(isHost(text)).toBe(false))
})

test('authorityOf takes what stands between the scheme and the path', () => {
  const read = ['http://a.example:1/b', 'HTTPS://a?b', 'http://', '/http://a/', '*', 'ftp://a/'].map(
    authorityOf,
  )
  expect(read).toEqual(['a.example:1', 'a', '', undefined, undefined, undefined])
})

test('hosts are compared without case and with the default port of their scheme', () => {
  expect(isSameHost('A.example', 'a.example:80', 'http')).toBe(true)
  expect(isSameHost('a', 'a:443', 'https')).toBe(true)
  expect(isSameHost('a', 'a:443', 'http')).toBe(false)
  expect(isSameHost('a:1', 'a:2', 'http')).toBe(false)
  expect(isSameHost('a', 'b', 'http')).toBe(false)
})
