/**
 * Request targets as an attacker writes them. A guard looks at `path`, the router matches it, the
 * handler reads `params`: what one of them refuses, no spelling may bring past another.
 */
import fc from 'fast-check'
import { App, HttpError } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { parseTarget } from '../../src/wire/path.ts'
import { type Connect, memoryLink, nodeLink } from '../contract/link.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(connect: Connect) {
  const reached: string[] = []
  const app = new App({
    middleware: [
      ({ path }, next) => {
        if (path === '/admin' || path.startsWith('/admin/')) throw new HttpError(403)
        return next()
      },
    ],
  })
  app.get('/admin', () => void reached.push('/admin'))
  app.get('/admin/*rest', ({ params }) => void reached.push(`/admin/${params.rest}`))
  app.get('/public/*rest', ({ params }) => ({ rest: params.rest }))
  app.get('/one/:id', ({ params }) => ({ id: params.id }))
  const link = await connect(app)
  cleanups.push(() => link.close())
  return { link, reached }
}

const AMBIGUOUS = [
  '/public/../admin',
  '/public/./x',
  '/public/..',
  '/public/%2e%2e/admin',
  '/public/%2E%2e/admin',
  '/public/.%2e/admin',
  '/public/%2e',
  '/public/..%2fadmin',
  '/public/..%5cadmin',
  '/public/..\\admin',
  '/public\\..\\admin',
  '/public/a%00.txt',
  '/public/%5c',
  '/one/%2e%2e%2fadmin',
  '/one/..%2f..%2fetc%2fpasswd',
]

const GUARDED = [
  '/admin',
  '/admin/x',
  '/%61dmin',
  '/%61%64%6d%69%6e/x',
  '/admin/%78',
  '/admin/',
  '/admin//',
  '/admin//x',
]

for (const [name, connect] of [
  ['Node', nodeLink],
  ['memory', memoryLink],
] as const) {
  describe(name, () => {
    test.each(AMBIGUOUS)('%s is a 400', async (target) => {
      const { link, reached } = await start(connect)
      expect([(await link.request('GET', target)).status, reached]).toEqual([400, []])
    })

    test.each(GUARDED)('%s does not pass a guard', async (target) => {
      const { link, reached } = await start(connect)
      expect([(await link.request('GET', target)).status, reached]).toEqual([403, []])
    })

    test('nothing else reaches what is guarded', async () => {
      const { link, reached } = await start(connect)
      const others = [
        '//admin',
        '/ADMIN',
        '/admin%2fx',
        '/admin%20',
        '/%2561dmin',
        '/admin;x',
        '/admin%2f',
        '/.admin',
      ]
      for (const target of others) {
        const { status } = await link.request('GET', target)
        expect([target, [400, 403, 404].includes(status), reached]).toEqual([target, true, []])
      }
    })

    test('double encoding is decoded once', async () => {
      const { link } = await start(connect)
      const json = async (target: string) => (await link.request('GET', target)).json()
      expect(await json('/one/%252e%252e')).toEqual({ id: '%2e%2e' })
      expect(await json('/one/%252f')).toEqual({ id: '%2f' })
      expect(await json('/public/a/%252e%252e/b')).toEqual({ rest: 'a/%2e%2e/b' })
      expect(await json('/public/a/...')).toEqual({ rest: 'a/...' })
      expect(await json('/public/.well-known/x')).toEqual({ rest: '.well-known/x' })
    })

    test('an empty segment is no parameter', async () => {
      const { link } = await start(connect)
      expect((await link.request('GET', '/one/')).status).toBe(404)
      expect((await link.request('GET', '/one//')).status).toBe(404)
      expect((await link.request('GET', '/public')).status).toBe(404)
      expect((await link.request('GET', '//one/1')).status).toBe(404)
    })
  })
}

describe('the path that middleware sees is the path that is matched', () => {
  /** Every route that a short target can reach; each answers with the path that its parameters stand for. */
  async function serve(connect: Connect) {
    let seen: string | undefined
    const app = new App({
      middleware: [
        ({ path }, next) => {
          seen = path
          return next()
        },
      ],
    })
    const encode = (text: string) => parseTarget(`/${text}`)!.path.slice(1)
    const methods = ['GET', 'POST', 'PURGE', 'OPTIONS']
    for (const method of methods) {
      app.route(method, '/', () => '/')
      app.route(method, '/a', () => '/a')
      app.route(method, '/b/:id', ({ params }) => `/b/${encode(encodeURIComponent(params.id))}`)
      app.route(
        method,
        '/*rest',
        ({ params }) => `/${params.rest.split('/').map(encodeURIComponent).map(encode).join('/')}`,
      )
    }
    app.mount('/m', (request) => new Response(`/m${new URL(request.url).pathname}`.replace(/(.)\/$/, '$1')))
    const link = await connect(app)
    cleanups.push(() => link.close())
    return async (method: string, target: string) => {
      seen = undefined
      const got = await link.request(method, target)
      return { status: got.status, matched: await got.text(), seen }
    }
  }

  const ODD = [
    '*',
    '*?a',
    '*/',
    '/*',
    '/**',
    '/:id',
    '?a=b',
    '#',
    'a:80',
    'http://',
    'http:///',
    'http://a',
    'http://a?b',
  ]
  const more = [
    'http://a/b/c',
    'http://u@a/a',
    'http://a\\b',
    '//a',
    '//',
    '///a',
    '/b//',
    '/m',
    '/m/',
    '/m//',
    '/m/*',
  ]

  test.each([...ODD, ...more])('%s', async (target) => {
    const request = await serve(nodeLink)
    for (const method of ['GET', 'POST', 'PURGE', 'HEAD', 'OPTIONS']) {
      const { status, matched, seen } = await request(method, target)
      const isWhole = method !== 'HEAD' && status === 200
      expect([method, status, isWhole ? matched : seen]).toEqual([method, expect.any(Number), seen])
      if (status === 204) expect([method, target]).toEqual(['OPTIONS', '*'])
      else expect([200, 400, 404]).toContain(status)
      if (target.startsWith('*')) expect(status).toBe(method === 'OPTIONS' && target === '*' ? 204 : 400)
    }
  })

  test('any target', async () => {
    const request = await serve(memoryLink)
    const piece = fc.constantFrom(
      '/',
      '//',
      '*',
      ':',
      '?',
      '.',
      '%2F',
      '%25',
      'a',
      'b',
      'm',
      'http://',
      '@',
      ' ',
      'ü',
    )
    const target = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(target, fc.constantFrom('GET', 'POST', 'PURGE', 'OPTIONS'), async (sent, method) => {
        const { status, matched, seen } = await request(method, sent)
        if (status === 200) expect(matched).toBe(seen)
        else expect([204, 400, 404]).toContain(status)
      }),
      { numRuns: 3000 },
    )
  })
})

test('TRACE at a mount is a 501 that fills no log (issue 11)', async () => {
  const errors: unknown[] = []
  const log = { debug() {}, info() {}, warn() {}, error: (...entry: unknown[]) => void errors.push(entry) }
  const app = new App({ log })
  app.mount('/m', () => new Response())
  app.get('/fault', () => {
    throw new Error('ours')
  })
  const link = await nodeLink(app)
  cleanups.push(() => link.close())
  expect((await link.request('TRACE', '/m')).status).toBe(501)
  expect(errors).toEqual([])
  expect((await link.request('GET', '/fault')).status).toBe(500)
  expect(errors).toHaveLength(1)
})
