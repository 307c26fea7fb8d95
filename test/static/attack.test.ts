/** What must not get out of a folder, in every spelling that we know; also behind a guard. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App, dependency, HttpError, type Middleware, Router, reply } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { type Connect, type Link, memoryLink, nodeLink } from '../contract/link.ts'
import { toFilePath } from '../../src/wire/file-path.ts'
import { parseTarget } from '../../src/wire/path.ts'
import { createPlace, SECRET } from './scene.ts'

const place = createPlace({
  'index.html': 'index',
  'ok.txt': 'ok',
  'a b.txt': 'blank',
  'ä.txt': 'umlaut',
  'private/secret.txt': SECRET,
  'private/index.html': SECRET,
})

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function open(connect: Connect, app: App): Promise<Link> {
  const link = await connect(app)
  cleanups.push(() => link.close())
  return link
}

/** Ways out of a folder that is served at a prefix. */
const WAYS_OUT = [
  '/../secret.txt',
  '/..%2fsecret.txt',
  '/..%2Fsecret.txt',
  '/%2e%2e/secret.txt',
  '/%2e%2e%2fsecret.txt',
  '/.%2e/secret.txt',
  '/%2E./secret.txt',
  '/..%5csecret.txt',
  '/..\\secret.txt',
  '/%5c..%5c..%5csecret.txt',
  '/..%252fsecret.txt',
  '/%252e%252e/secret.txt',
  '/%252e%252e%252fsecret.txt',
  '/..%c0%afsecret.txt',
  '/%c0%ae%c0%ae/secret.txt',
  '/..%e0%80%afsecret.txt',
  '/..%u2215secret.txt',
  '/\u2025/secret.txt',
  '/\uff0e\uff0e/secret.txt',
  '/\uff0e\uff0e\uff0fsecret.txt',
  '/....//secret.txt',
  '/..././secret.txt',
  '/..;/secret.txt',
  '/ok.txt/../../secret.txt',
  '/private/../../secret.txt',
  '/private/..%2f..%2fsecret.txt',
  '/./../secret.txt',
  '//../secret.txt',
  '/../public-private/secret.txt',
  '-private/secret.txt',
  '/%2e%2e%2fpublic-private/secret.txt',
  '/..%00/secret.txt',
  '/link.txt',
  '/link.txt/',
  '/linked/secret.txt',
  '/linked',
  '/linked/',
  '/up/secret.txt',
  '/up/public-private/secret.txt',
  '/up/public/../secret.txt',
]

/** Names that are not served though they are inside. */
const HIDDEN = [
  '/.env',
  '/%2eenv',
  '/.env/',
  '/.git/config',
  '/%2egit/config',
  '/.git%2fconfig',
  '/env.txt',
  '/up/public/.env',
  '/.',
  '/..',
]

/** Absolute paths, of this system and of Windows, its streams, devices and other names for one file. */
const FOREIGN = [
  join(place.root, '../secret.txt'),
  `/${join(place.root, '../secret.txt')}`,
  '//etc/passwd',
  '///etc/passwd',
  '/%2fetc/passwd',
  '/%2fetc%2fpasswd',
  '/C:/secret.txt',
  '/C:%5csecret.txt',
  '/c:secret.txt',
  '/%5c%5chost%5cshare',
  '/ok.txt::$DATA',
  '/ok.txt:stream',
  '/ok.txt%3a%3a$DATA',
  '/ok.txt.',
  '/ok.txt%20',
  '/ok.txt...',
  '/ok.txt%20.',
  '/OK~1.TXT',
  '/PRIVAT~1/secret.txt',
  '/con',
  '/CON',
  '/nul.txt',
  '/NUL%20.txt',
  '/aux/ok.txt',
  '/com1',
  '/COM%C2%B9',
  '/lpt9.log',
  '/CONIN$',
  '/ok.txt%00',
  '/ok.txt%00.html',
  '/ok.txt%0a',
  '/ok.txt%7f',
]

describe.each([
  ['Node', nodeLink],
  ['memory', memoryLink],
] as const)('%s', (_, connect) => {
  test.each(['/files', '/'])('nothing gets out of a folder at %s', async (prefix) => {
    const app = new App()
    app.static(prefix, place.root)
    const link = await open(connect, app)
    const base = prefix === '/' ? '' : prefix
    for (const attack of [...WAYS_OUT, ...HIDDEN, ...FOREIGN]) {
      const got = await link.request('GET', base + attack)
      const text = await got.text()
      expect(text, attack).not.toContain(SECRET)
      expect(text, attack).not.toContain('root:')
      expect(text, attack).not.toContain(place.root)
      expect([400, 404], `${attack} is a ${got.status}`).toContain(got.status)
    }
    expect(await (await link.request('GET', `${base}/ok.txt`)).text()).toBe('ok')
    expect(await (await link.request('GET', `${base}/a%20b.txt`)).text()).toBe('blank')
    expect(await (await link.request('GET', `${base}/%C3%A4.txt`)).text()).toBe('umlaut')
    expect(await (await link.request('GET', `${base}/o%6b.txt`)).text()).toBe('ok')
  })

  const refuse = () => {
    throw new HttpError(401)
  }
  const byPath: Middleware = ({ path }, next) =>
    path === '/files/private' || path.startsWith('/files/private/') ? refuse() : next()

  /** Other spellings of `/files/private/secret.txt`. */
  const SPELLINGS = [
    '/files/private/secret.txt',
    '/files/private/',
    '/files/private',
    '/files/%70rivate/secret.txt',
    '/files/private%2fsecret.txt',
    '/files/private%2Fsecret.txt',
    '/files%2fprivate%2fsecret.txt',
    '/files%2fprivate/secret.txt',
    '/files/private%5csecret.txt',
    '/files/private\\secret.txt',
    '/files//private/secret.txt',
    '//files/private/secret.txt',
    '/files/private//secret.txt',
    '/files/./private/secret.txt',
    '/files/x/../private/secret.txt',
    '/files/%2e/private/secret.txt',
    '/files/x/%2e%2e/private/secret.txt',
    '/files/%2570rivate/secret.txt',
    '/files/private/secret.txt/',
    '/files/private/secret.txt%20',
    '/files/private./secret.txt',
    '/files/private /secret.txt'.replace(' ', '%20'),
    '/files/private::$INDEX_ALLOCATION/secret.txt',
    '/files/PRIVATE/secret.txt',
    '/files/Private/secret.txt',
    '/files/PRIVAT~1/secret.txt',
    '/files/private/secret.txt?/files/ok.txt',
    '/files/private/secret.txt%00.txt',
    '/files/\uff50rivate/secret.txt',
    'http://127.0.0.1/files/private/secret.txt',
    'http://127.0.0.1//files/private/secret.txt',
    '/files/up/public/private/secret.txt',
    '/files;x/private/secret.txt',
    '/files/private;x/secret.txt',
  ]

  async function expectGuarded(app: App) {
    const link = await open(connect, app)
    for (const spelling of SPELLINGS) {
      const got = await link.request('GET', spelling)
      expect(await got.text(), spelling).not.toContain(SECRET)
      expect([400, 401, 404], `${spelling} is a ${got.status}`).toContain(got.status)
    }
    expect((await link.request('GET', SPELLINGS[0]!)).status).toBe(401)
    return link
  }

  test('a guard in the middleware of the app sees the path that the files are looked up by', async () => {
    const app = new App({ middleware: [byPath] })
    app.static('/files', place.root)
    const link = await expectGuarded(app)
    expect(await (await link.request('GET', '/files/ok.txt')).text()).toBe('ok')
  })

  test('a guard in the middleware of the folder does, too', async () => {
    const app = new App()
    app.static('/files', place.root, { middleware: [byPath] })
    await expectGuarded(app)
  })

  test('a guard that is a dependency of the folder stands in front of all of it', async () => {
    const guard = dependency(({ path }) => (path.startsWith('/files/private') ? refuse() : undefined))
    const app = new App()
    app.static('/files', place.root, { use: { guard } })
    await expectGuarded(app)
  })

  test('a folder of a router is behind what guards the router', async () => {
    const router = new Router({ prefix: '/files', use: { guard: dependency(refuse) } })
    router.static('/', place.root)
    const app = new App()
    app.include(router)
    const link = await expectGuarded(app)
    for (const path of ['/files', '/files/', '/files/ok.txt', '/files/nothing'])
      expect((await link.request('GET', path)).status, path).toBe(401)
  })

  test('a route that guards a part of the folder is not passed by', async () => {
    const app = new App()
    app.static('/files', place.root)
    app.get('/files/private', refuse)
    app.get('/files/private/*', refuse)
    await expectGuarded(app)
  })

  test('the list finds what it is for: a careless server is caught by it', async () => {
    const app = new App({ middleware: [byPath] })
    app.get('/files/*path', ({ request }) => {
      // As it is found in the wild: decoded once more than the guard has.
      const path = decodeURIComponent(decodeURIComponent(request.target)).replaceAll('\\', '/')
      try {
        return reply.text(readFileSync(join(place.root, path.slice('/files'.length)), 'utf8'))
      } catch {
        return reply.empty({ status: 404 })
      }
    })
    const link = await open(connect, app)
    const leaks: string[] = []
    for (const attack of [...[...WAYS_OUT, ...HIDDEN].map((each) => `/files${each}`), ...SPELLINGS])
      if ((await (await link.request('GET', attack)).text()).includes(SECRET)) leaks.push(attack)
    expect(leaks).toContain('/files/%252e%252e/secret.txt')
    expect(leaks).toContain('/files/.env')
    expect(leaks).toContain('/files/link.txt')
    expect(leaks).toContain('/files/%2570rivate/secret.txt')
  })
})

test('a folder redirects to itself and nowhere else', async () => {
  place.write('sub/index.html', 'sub')
  for (const prefix of ['/', '/files']) {
    const app = new App()
    app.static(prefix, place.root)
    const link = await open(memoryLink, app)
    const base = prefix === '/' ? '' : prefix
    for (const target of [
      '//sub',
      '//evil.example/../sub',
      '/\\sub',
      '//%2fsub',
      '/%2fsub',
      '/sub//',
      '/%5csub',
    ]) {
      const got = await link.request('GET', base + target)
      expect([400, 404], target).toContain(got.status)
      expect(got.headers['location'], target).toBeUndefined()
    }
    const got = await link.request('GET', `${base}/%73ub?a=//b`)
    expect([got.status, got.headers['location']]).toEqual([301, './sub/?a=//b'])
  }
})

test('links that stay inside are followed, a loop of them is a 404', async () => {
  const { symlinkSync } = await import('node:fs')
  symlinkSync('ok.txt', join(place.root, 'alias.txt'))
  symlinkSync('sub', join(place.root, 'folder'))
  const app = new App()
  app.static('/', place.root)
  const link = await open(memoryLink, app)
  expect(await (await link.request('GET', '/alias.txt')).text()).toBe('ok')
  expect(await (await link.request('GET', '/folder/')).text()).toBe('sub')
  for (const path of ['/loop', '/loop/x', `/${'x'.repeat(300)}`, `/${'x/'.repeat(3000)}y`])
    expect((await link.request('GET', path)).status, path.slice(0, 20)).toBe(404)
})

test('dotfiles are served where that is asked for, and still nothing outside', async () => {
  const app = new App()
  app.static('/', place.root, { dotfiles: true })
  const link = await open(nodeLink, app)
  expect((await link.request('GET', '/.env')).status).toBe(200)
  expect((await link.request('GET', '/env.txt')).status).toBe(200)
  for (const attack of WAYS_OUT) {
    const got = await link.request('GET', attack)
    expect([400, 404], attack).toContain(got.status)
  }
})

test('whatever a target says, the names it leads along are plain', async () => {
  const fc = await import('fast-check')
  const piece = fc.constantFrom(
    ...'%2f %5c %2e .. . / // \\ %00 %25 %252e : ~1 a b con .txt %20 %c3%a4 ;'.split(' '),
  )
  const target = fc.array(piece, { maxLength: 10 }).map((pieces) => `/${pieces.join('')}`)
  fc.assert(
    fc.property(target, fc.boolean(), (text, dotfiles) => {
      const path = parseTarget(text)?.path
      if (path === undefined) return
      const names = toFilePath(path.split('/').slice(1), dotfiles)
      for (const name of names ?? []) {
        expect(name).not.toMatch(/^$|^\.\.?$|[/\\:\u0000-\u001f]|[. ]$|^con(\.|$)/)
        if (!dotfiles) expect(name).not.toMatch(/^\./)
      }
      // The same path, the same file: what a guard compares is what is opened.
      if (names !== undefined)
        expect(`/${names.map((name) => encodeURIComponent(name)).join('/')}`.length).toBeGreaterThanOrEqual(
          names.join('/').length,
        )
    }),
    { numRuns: 2000 },
  )
})
