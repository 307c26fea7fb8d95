/**
 * Request targets as an attacker writes them. A guard looks at `path`, the router matches it, the
 * handler reads `params`: what one of them refuses, no spelling may bring past another.
 */
import { App, HttpError } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
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
