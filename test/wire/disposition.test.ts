import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentDisposition } from '../../src/wire/disposition.ts'
import { assertHeader } from '../../src/wire/header.ts'

test.each([
  ['report.pdf', 'filename="report.pdf"'],
  ['a b;c,d.txt', 'filename="a b;c,d.txt"'],
  ['', 'filename=""'],
  ['größe.txt', `filename="gr__e.txt"; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt`],
  ['文件.txt', `filename="__.txt"; filename*=UTF-8''%E6%96%87%E4%BB%B6.txt`],
  // One underscore for one character, also for one of two halves.
  ['😀', `filename="_"; filename*=UTF-8''%F0%9F%98%80`],
  ['50%.txt', `filename="50_.txt"; filename*=UTF-8''50%25.txt`],
  [`a"b\\c'd*(e)€`, `filename="a_b_c'd*(e)_"; filename*=UTF-8''a%22b%5Cc%27d%2A%28e%29%E2%82%AC`],
  ['a\r\nSet-Cookie: x=1', `filename="a__Set-Cookie: x=1"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D1`],
  ['half \ud83d', `filename="half _"; filename*=UTF-8''half%20%EF%BF%BD`],
])('%j', (name, parameters) => {
  expect(contentDisposition('attachment', name)).toBe(`attachment; ${parameters}`)
  expect(contentDisposition('inline', name)).toBe(`inline; ${parameters}`)
})

test('any name makes a field that can be sent, and comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const field = contentDisposition('attachment', name)
      expect(() => assertHeader('content-disposition', field)).not.toThrow()
      // Nothing ends the quotes but the quote at the end.
      expect(field).toMatch(
        /^attachment; filename="[^"\\]*"(; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]*)?$/,
      )
      const encoded = /''(.*)$/.exec(field)?.[1]
      const plain = /filename="(.*?)"/.exec(field)![1]
      expect(encoded === undefined ? plain : decodeURIComponent(encoded)).toBe(
        name.replace(/\p{Surrogate}/gu, '\ufffd'),
      )
    }),
  )
})
