/** The forms of credentials: a table, and what a comparison of secrets may not tell. */
import fc from 'fast-check'
import { sameSecret } from 'millrace'
import { describe, expect, it } from 'vitest'
import {
  bearerToken,
  challenge,
  namePassword,
  sameSecret as ownSameSecret,
  schemeCredentials,
} from '../../../src/core/dependency/credential.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('the credentials of a scheme', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER   abc', 'abc'],
    ['Bearer', ''],
    ['Bearer ', ''],
    ['Bearer    ', ''],
    ['Bearer a b', 'a b'],
    ['Bearer  a  b ', 'a  b '],
    ['Bearer  \na', undefined],
    ['Bearerabc', undefined],
    ['Basic abc', undefined],
    [' Bearer abc', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('of %j are %j', (header, expected) => {
    expect(schemeCredentials(header, 'bearer')).toBe(expected)
  })

  it.each([
    ['abc', true],
    ['a-._~+/9==', true],
    ['=', false],
    ['', false],
    ['a b', false],
    ['a,b', false],
    ['ä', false],
  ])('%j is a token: %s', (token, is) => {
    expect(bearerToken(token)).toBe(is ? token : undefined)
  })
})

describe('name and password', () => {
  it.each([
    [base64('ada:secret'), { username: 'ada', password: 'secret' }],
    [base64('ada:a:b'), { username: 'ada', password: 'a:b' }],
    [base64(':'), { username: '', password: '' }],
    [base64('ädä:пароль'), { username: 'ädä', password: 'пароль' }],
    [base64('ada:secret').replace(/=+$/, ''), { username: 'ada', password: 'secret' }],
    [base64('\ufeffada:x'), { username: '\ufeffada', password: 'x' }],
    [base64('ada'), undefined],
    [base64('a\nb:c'), undefined],
    [base64('a:b\u007f'), undefined],
    [Buffer.from([0xff, 0x3a, 0x61]).toString('base64'), undefined],
    ['a', undefined],
    ['YTpi YTpi', undefined],
    ['YTpi\n', undefined],
    ['-_-_', undefined],
    ['', undefined],
  ])('of %j are %j', (credentials, expected) => {
    expect(namePassword(credentials)).toEqual(expected)
  })

  it('come back as they were sent, whatever they are', () => {
    const sendable = fc.string({ unit: 'grapheme' }).filter((text) => !/\p{Cc}/u.test(text))
    fc.assert(
      fc.property(
        sendable.filter((name) => !name.includes(':')),
        sendable,
        (username, password) => {
          expect(namePassword(base64(`${username}:${password}`))).toEqual({ username, password })
        },
      ),
    )
  })
})

describe('a challenge', () => {
  it('quotes its parameters, and leaves out what is not given', () => {
    expect(challenge('Bearer', {})).toBe('Bearer')
    expect(challenge('Bearer', { realm: undefined })).toBe('Bearer')
    expect(challenge('Basic', { realm: 'a "b" \\', charset: 'UTF-8' })).toBe(
      'Basic realm="a \\"b\\" \\\\", charset="UTF-8"',
    )
  })
})

describe('sameSecret', () => {
  it('is equality', () => {
    expect(sameSecret('', '')).toBe(true)
    expect(sameSecret('', 'a')).toBe(false)
    expect(sameSecret('a', '')).toBe(false)
    expect(sameSecret('aa', 'a')).toBe(false)
    expect(sameSecret('a', 'aa')).toBe(false)
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => sameSecret(a, b) === (a === b)))
  })

  /** How many bytes of the expected secret are read, for a given one. */
  function reads(
    compare: (given: string, expected: string) => boolean,
    given: string,
    expected: string,
  ): number {
    let count = 0
    const encode = TextEncoder.prototype.encode
    TextEncoder.prototype.encode = function (text) {
      const bytes = encode.call(this, text)
      if (text !== expected) return bytes
      return new Proxy(bytes, {
        get(target, key) {
          if (typeof key === 'string' && /^\d+$/.test(key)) count++
          const value: unknown = Reflect.get(target, key, target)
          return value
        },
      })
    }
    try {
      compare(given, expected)
    } finally {
      TextEncoder.prototype.encode = encode
    }
    return count
  }

  it('reads as much of the secret for a first byte that is wrong as for a last one', () => {
    const secret = 'correct horse battery staple'
    const early = `X${secret.slice(1)}`
    const late = `${secret.slice(0, -1)}X`
    expect(reads(ownSameSecret, early, secret)).toBe(secret.length)
    expect(reads(ownSameSecret, late, secret)).toBe(secret.length)
    // The control: a comparison that stops at the first difference is seen to.
    const hasty = (given: string, expected: string) => {
      const [a, b] = [new TextEncoder().encode(given), new TextEncoder().encode(expected)]
      for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
      return a.length === b.length
    }
    expect(reads(hasty, early, secret)).toBeLessThan(reads(hasty, late, secret))
  })
})
