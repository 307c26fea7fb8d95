/** Folders served as they are: index, fallback, redirects, caching, contents compressed beforehand. */
import { chmodSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { App, type StaticOptions, UsageError } from 'millrace'
import { connect as connectTo } from 'millrace/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { type Link, type LinkReply, nodeLink } from '../contract/link.ts'
import { expectProblem } from '../contract/transport.ts'
import { createPlace } from './scene.ts'

const HASHED = 'assets/app.3f2a9c1b.js'
const place = createPlace({
  'index.html': '<h1>home</h1>',
  '404.html': '<h1>lost</h1>',
  'ok.txt': 'ok',
  'guide/index.html': '<h1>guide</h1>',
  'empty/note.txt': 'note',
  [HASHED]: 'hashed()',
  'assets/logo-0123456789abcdef.svg': '<svg/>',
  'assets/photo-20240101.jpg': 'jpg',
  'assets/facadefeed.js': 'words()',
  'assets/app-deadbeef.js': 'a word of hexadecimal letters()',
  'assets/index-BkH3gq2a.js': 'vite()',
  'app.js': 'plain()'.repeat(100),
  'app.js.br': 'br',
  'app.js.gz': 'gzip',
  'only.css': 'css',
  'only.css.zst': 'zstd',
})

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function serve(options: StaticOptions = {}, prefix = '/', declare: (app: App) => void = () => {}) {
  const app = new App()
  app.static(prefix, place.root, options)
  declare(app)
  const link = await nodeLink(app)
  cleanups.push(() => link.close())
  return (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    link.request(method, path, { headers })
}

const brief = async (got: LinkReply) => [got.status, await got.text()]
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

test('a file comes with everything that reply.file gives it', async () => {
  const ask = await serve()
  const got = await ask('/ok.txt')
  expect(await brief(got)).toEqual([200, 'ok'])
  expect(got.headers).toMatchObject({
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
    'last-modified': 'Tue, 14 Nov 2023 22:13:20 GMT',
  })
  const etag = String(got.headers['etag'])
  expect(etag).toMatch(/^"/)
  expect((await ask('/ok.txt', { 'if-none-match': etag })).status).toBe(304)
  expect((await ask('/ok.txt', { 'if-none-match': `"x", W/${etag}` })).status).toBe(304)
  // The tag counts, though the date would match.
  const other = { 'if-none-match': '"x"', 'if-modified-since': 'Tue, 14 Nov 2023 22:13:20 GMT' }
  expect((await ask('/ok.txt', other)).status).toBe(200)
  expect((await ask('/ok.txt', { 'if-modified-since': 'Tue, 14 Nov 2023 22:13:20 GMT' })).status).toBe(304)
  expect((await ask('/ok.txt', { 'if-modified-since': 'Tue, 14 Nov 2023 22:13:19 GMT' })).status).toBe(200)
  expect(await brief(await ask('/ok.txt', { range: 'bytes=1-' }))).toEqual([206, 'k'])
  const head = await ask('/ok.txt', {}, 'HEAD')
  expect([head.headers['content-length'], ...(await brief(head))]).toEqual(['2', 200, ''])
  place.write('ok.txt', 'OK')
  rmSync(join(place.root, 'ok.txt'))
  await expectProblem(await ask('/ok.txt'), 404, 'NOT_FOUND')
  place.write('ok.txt', 'ok')
})

test('other methods are a 405 that names those there are', async () => {
  const ask = await serve({}, '/files')
  for (const path of ['/files', '/files/ok.txt', '/files/nothing']) {
    const got = await ask(path, {}, 'POST')
    await expectProblem(got, 405, 'METHOD_NOT_ALLOWED')
    expect(got.headers['allow']).toBe('GET, HEAD, OPTIONS')
  }
})

describe('folders', () => {
  test.each(['/', '/files'])('at %s: an index behind a slash, and a way to it without', async (prefix) => {
    const ask = await serve({}, prefix)
    const base = prefix === '/' ? '' : prefix
    expect(await brief(await ask(`${base}/`))).toEqual([200, '<h1>home</h1>'])
    expect(await brief(await ask(`${base}/guide/`))).toEqual([200, '<h1>guide</h1>'])
    expect(await brief(await ask(`${base}/guide/?a=1`))).toEqual([200, '<h1>guide</h1>'])
    expect(await brief(await ask(`${base}/guide/index.html`))).toEqual([200, '<h1>guide</h1>'])
    const bare = await ask(`${base}/guide?a=/&b`)
    expect([bare.status, bare.headers['location']]).toEqual([301, './guide/?a=/&b'])
    if (prefix !== '/') {
      const root = await ask(prefix)
      expect([root.status, root.headers['location']]).toEqual([301, './files/'])
    }
    // Without an index there is nothing to see, with a slash or without; a file is no folder.
    for (const path of ['/empty', '/empty/', '/ok.txt/', '/guide//', '/guide/index.html/'])
      expect((await ask(base + path)).status, path).toBe(404)
  })

  test('behind a mount the way to the slash is still the right one', async () => {
    const inner = new App()
    inner.static('/site', place.root)
    const outer = new App()
    outer.mount('/app', inner)
    const { url } = await outer.listen({ port: 0 })
    cleanups.push(() => outer.close())
    for (const path of ['/app/site', '/app/site/guide']) {
      const got = await fetch(`${url}${path}?a=1`)
      expect([got.status, got.url]).toEqual([200, `${url}${path}/?a=1`])
    }
  })

  test('another index, or none', async () => {
    const named = await serve({ index: 'note.txt' })
    expect(await brief(await named('/empty/'))).toEqual([200, 'note'])
    const none = await serve({ index: false })
    for (const path of ['/', '/guide', '/guide/']) expect((await none(path)).status, path).toBe(404)
  })

  test('a folder named by a URL', async () => {
    const app = new App()
    app.static('/', pathToFileURL(`${place.root}/`))
    const link: Link = await nodeLink(app)
    cleanups.push(() => link.close())
    expect((await link.request('GET', '/ok.txt')).status).toBe(200)
  })

  test('a folder that is not there keeps the app from starting, and says which', async () => {
    for (const folder of [join(place.root, 'nothing'), join(place.root, 'ok.txt')]) {
      const app = new App()
      app.static('/', folder)
      await expect(app.listen({ port: 0 })).rejects.toThrow(UsageError)
      await expect(app.start()).rejects.toThrow(folder)
      await app.close()
    }
  })

  test('an option that is none, and one too late, are told', async () => {
    const app = new App()
    expect(() => app.static('/', '.', { indexes: 'x' } as never)).toThrow(/"indexes" is not an option/)
    await app.start()
    expect(() => app.static('/', '.')).toThrow(/after the app had started/)
  })
})

describe('beside routes for other methods, where there is no file', () => {
  const routes = (app: App) => {
    app.post('/items', () => 'made')
    app.put('/items', () => 'put')
    app.post('/pages/:slug', () => 'made')
    app.post('/empty', () => 'made')
    app.post('/.well-known/hook', () => 'hooked')
    app.websocket('/ws', {}, () => {})
    app.post('/app.js', () => 'a file has it too')
    app.get('/items/:id', () => 'one')
  }

  test.each([{}, { notFound: '404.html' }])('%j: the route says what its path answers', async (options) => {
    const ask = await serve(options, '/', routes)
    for (const [path, allow] of [
      ['/items', 'POST, PUT, OPTIONS'],
      ['/items/', 'POST, PUT, OPTIONS'],
      ['/pages/first', 'POST, OPTIONS'],
      ['/empty', 'POST, OPTIONS'],
      ['/.well-known/hook', 'POST, OPTIONS'],
    ] as const) {
      for (const headers of [{}, HTML]) {
        const got = await ask(path, headers)
        await expectProblem(got, 405, 'METHOD_NOT_ALLOWED')
        expect(got.headers['allow'], path).toBe(allow)
      }
      expect((await ask(path, {}, 'HEAD')).status).toBe(405)
      expect((await ask(path, {}, 'DELETE')).headers['allow']).toBe(allow)
      expect((await ask(path, {}, 'OPTIONS')).headers['allow']).toBe(allow)
    }
    const got = await ask('/ws')
    await expectProblem(got, 426, 'UPGRADE_REQUIRED')
    expect(got.headers['upgrade']).toBe('websocket')
  })

  test('files, and what is nowhere, are as ever', async () => {
    const ask = await serve({}, '/', routes)
    expect(await brief(await ask('/app.js'))).toEqual([200, 'plain()'.repeat(100)])
    expect(await brief(await ask('/app.js', {}, 'POST'))).toEqual([200, 'a file has it too'])
    expect(await brief(await ask('/items/7'))).toEqual([200, 'one'])
    expect(await brief(await ask('/items', {}, 'POST'))).toEqual([200, 'made'])
    for (const path of ['/item', '/items/7/8', '/pages', '/ws/x', '/.well-known/hooks'])
      await expectProblem(await ask(path), 404, 'NOT_FOUND')
    expect((await ask('/nothing', {}, 'POST')).headers['allow']).toBe('GET, HEAD, OPTIONS')
  })

  test('a route that matches less closely than the folder has nothing to say', async () => {
    const ask = await serve({}, '/files', (app) => app.post('/*rest', () => 'any'))
    await expectProblem(await ask('/files/nothing.js'), 404, 'NOT_FOUND')
    await expectProblem(await ask('/elsewhere'), 405, 'METHOD_NOT_ALLOWED')
  })
})

describe('a single-page app', () => {
  const api = (app: App) => {
    app.get('/api/users', () => ['Ann'])
    app.get('/api/users/:id', () => 'one')
    app.post('/orders', () => 'ordered')
  }

  test('its page answers who wants HTML, wherever there is nothing else', async () => {
    const ask = await serve({ fallback: 'index.html' }, '/', api)
    for (const path of [
      '/users',
      '/users/7',
      '/users/john.doe',
      '/users/',
      '/empty',
      '/orders',
      '/old.html',
    ]) {
      for (const method of ['GET', 'HEAD']) {
        const got = await ask(path, HTML, method)
        expect(await brief(got), path).toEqual([200, method === 'GET' ? '<h1>home</h1>' : ''])
        expect(got.headers).toMatchObject({ vary: 'Accept', 'cache-control': 'no-cache' })
      }
    }
    const etag = String((await ask('/users', HTML)).headers['etag'])
    expect((await ask('/users', { ...HTML, 'if-none-match': etag })).status).toBe(304)
  })

  test('routes and files go before it', async () => {
    const ask = await serve({ fallback: 'index.html' }, '/', api)
    expect(await brief(await ask('/api/users', HTML))).toEqual([200, '["Ann"]'])
    expect(await brief(await ask('/api/users/7', HTML))).toEqual([200, 'one'])
    expect(await brief(await ask('/ok.txt', HTML))).toEqual([200, 'ok'])
    expect(await brief(await ask('/guide/', HTML))).toEqual([200, '<h1>guide</h1>'])
    expect((await ask('/guide', HTML)).status).toBe(301)
  })

  test('what a page loads stays a 404, and so does what is refused', async () => {
    const ask = await serve({ fallback: 'index.html' })
    for (const path of ['/app.3f2a9c1c.js', '/nothing.css', '/a/b.png', '/data.json', '/.env', '/a..%2f'])
      expect([400, 404], path).toContain((await ask(path, HTML)).status)
    for (const accept of ['*/*', 'image/*,*/*;q=0.8', 'application/json', 'text/html;q=0, */*', 'text/*'])
      await expectProblem(await ask('/users', { accept }), 404, 'NOT_FOUND')
    await expectProblem(await ask('/users'), 404, 'NOT_FOUND')
    await expectProblem(await ask('/users', HTML, 'POST'), 405)
  })

  test('a page for what is not there has status 404, and a fallback goes before it', async () => {
    const lost = await serve({ notFound: '404.html' })
    const got = await lost('/users', { ...HTML, range: 'bytes=0-1', 'if-none-match': '*' })
    expect(await brief(got)).toEqual([404, '<h1>lost</h1>'])
    expect(got.headers['vary']).toBe('Accept')
    expect(got.headers['accept-ranges']).toBeUndefined()
    await expectProblem(await lost('/users', { accept: '*/*' }), 404, 'NOT_FOUND')
    const both = await serve({ notFound: '404.html', fallback: 'index.html' })
    expect(await brief(await both('/users', HTML))).toEqual([200, '<h1>home</h1>'])
    expect(await brief(await both('/nothing.js', HTML))).toEqual([404, '<h1>lost</h1>'])
    const missing = await serve({ notFound: 'gone.html', fallback: 'gone.html' })
    await expectProblem(await missing('/users', HTML), 404, 'NOT_FOUND')
  })

  test('a 404 that is a page for somebody else says so, and no other does', async () => {
    const vary = async (options: StaticOptions, path: string, headers = {}, status = 404) => {
      const got = await (await serve(options))(path, headers)
      expect(got.status, path).toBe(status)
      return got.headers['vary']
    }
    for (const options of [{ fallback: 'index.html' }, { notFound: '404.html' }])
      for (const path of ['/users', '/users/', '/empty/'])
        for (const accept of ['application/json', '*/*', ''])
          expect(await vary(options, path, { accept })).toBe('Accept')
    expect(await vary({ notFound: '404.html' }, '/nothing.js')).toBe('Accept')
    expect(await vary({ fallback: 'index.html' }, '/nothing.js')).toBeUndefined()
    expect(await vary({}, '/users')).toBeUndefined()
    const api = (app: App) => app.post('/users', () => 'made')
    const ask = await serve({ fallback: 'index.html', notFound: '404.html' }, '/', api)
    const refused = await ask('/users')
    expect([refused.status, refused.headers['allow'], refused.headers['vary']]).toEqual([
      405,
      'POST, OPTIONS',
      'Accept',
    ])
  })

  test("the app's own page at the same place goes before the index, whichever was declared first", async () => {
    const after = await serve({}, '/', (app) => app.get('/', () => 'own'))
    expect(await brief(await after('/'))).toEqual([200, 'own'])
    expect(await brief(await after('/ok.txt'))).toEqual([200, 'ok'])
    const app = new App()
    app.get('/files', () => 'own')
    app.static('/files', place.root)
    const link = await nodeLink(app)
    cleanups.push(() => link.close())
    expect(await brief(await link.request('GET', '/files'))).toEqual([200, 'own'])
    expect(await brief(await link.request('GET', '/files/ok.txt'))).toEqual([200, 'ok'])
    expect(app.routes.map(({ path }) => path)).toEqual(['/files'])
  })

  test('two folders at one place clash', () => {
    const app = new App()
    app.static('/', place.root)
    app.static('/', place.root)
    expect(() => app.freeze()).toThrow(/declared twice/)
  })
})

describe('caching', () => {
  const IMMUTABLE = 'public, max-age=31536000, immutable'

  test('a name with a hash is kept for ever, another one is asked for again', async () => {
    const ask = await serve()
    const cacheOf = async (path: string) => (await ask(`/${path}`)).headers['cache-control']
    expect(await cacheOf(HASHED)).toBe(IMMUTABLE)
    expect(await cacheOf('assets/logo-0123456789abcdef.svg')).toBe(IMMUTABLE)
    for (const path of [
      'ok.txt',
      'index.html',
      'assets/photo-20240101.jpg',
      'assets/facadefeed.js',
      'assets/app-deadbeef.js',
      'assets/index-BkH3gq2a.js',
    ])
      expect(await cacheOf(path), path).toBe('no-cache')
  })

  test('other names, other rules', async () => {
    const ask = await serve({ immutable: /^assets\//g, cache: { maxAge: 60 } })
    for (let round = 0; round < 3; round++)
      expect((await ask('/assets/index-BkH3gq2a.js')).headers['cache-control']).toBe(IMMUTABLE)
    expect((await ask('/ok.txt')).headers['cache-control']).toBe('max-age=60')
    const never = await serve({ immutable: false, headers: { 'X-Content-Type-Options': 'x', 'x-own': '1' } })
    const got = await never(`/${HASHED}`)
    expect(got.headers).toMatchObject({
      'cache-control': 'no-cache',
      'x-content-type-options': 'x',
      'x-own': '1',
    })
  })
})

test('a folder says for itself whether its files are compressed on their way', async () => {
  const ask = await serve({ compress: { threshold: 10 } })
  const got = await ask('/app.js', { 'accept-encoding': 'gzip' })
  expect(got.headers['content-encoding']).toBe('gzip')
})

describe('contents compressed beforehand', () => {
  test.each([
    ['gzip, deflate, br, zstd', 'br', 'br'],
    ['gzip', 'gzip', 'gzip'],
    ['gzip, br;q=0.5', 'gzip', 'gzip'],
    ['br;q=0, gzip', 'gzip', 'gzip'],
    ['*', 'br', 'br'],
    ['zstd', undefined, 'plain()'.repeat(100)],
    ['identity', undefined, 'plain()'.repeat(100)],
    ['identity, br;q=0.5', undefined, 'plain()'.repeat(100)],
    ['br;q=0, gzip;q=0', undefined, 'plain()'.repeat(100)],
  ])('%s gets %s', async (accepted, coding, text) => {
    const ask = await serve({ precompressed: true })
    const got = await ask('/app.js', { 'accept-encoding': accepted })
    expect([got.headers['content-encoding'], await got.text()]).toEqual([coding, text])
    expect(got.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'content-length': String(text.length),
      vary: 'Accept-Encoding',
    })
  })

  test('each has a tag and parts of its own', async () => {
    const ask = await serve({ precompressed: true })
    const tags = new Set<string>()
    for (const coding of ['identity', 'gzip', 'br']) {
      const headers = { 'accept-encoding': coding }
      const etag = String((await ask('/app.js', headers)).headers['etag'])
      tags.add(etag)
      const kept = await ask('/app.js', { ...headers, 'if-none-match': etag })
      expect([kept.status, kept.headers['vary'], kept.headers['content-encoding']]).toEqual([
        304,
        'Accept-Encoding',
        undefined,
      ])
    }
    expect(tags.size).toBe(3)
    for (const refusing of [{ 'if-match': '"another"' }, { range: 'bytes=9999-' }]) {
      const refused = await ask('/app.js', { 'accept-encoding': 'br', ...refusing })
      expect([refused.status >= 412, refused.headers['vary']]).toEqual([true, 'Accept-Encoding'])
    }
    // Half of one coding and half of another would be nothing.
    const [plain] = tags
    const part = await ask('/app.js', { 'accept-encoding': 'gzip', range: 'bytes=1-2', 'if-range': plain! })
    expect(await brief(part)).toEqual([200, 'gzip'])
    const own = await ask('/app.js', { 'accept-encoding': 'gzip', range: 'bytes=1-2' })
    expect([own.headers['content-range'], await own.text()]).toEqual(['bytes 1-2/4', 'zi'])
    // A multipart of them has no coding, and no header to say that its parts have one.
    const several = await ask('/app.js', { 'accept-encoding': 'gzip', range: 'bytes=0-0,3-3' })
    expect(await brief(several)).toEqual([200, 'gzip'])
    const uncoded = await ask('/app.js', { range: 'bytes=0-0,3-3' })
    expect([uncoded.status, (await uncoded.text()).includes('content-range: bytes 3-3/700')]).toEqual([
      206,
      true,
    ])
  })

  test('a date is that of all of them, so nothing goes on by one', async () => {
    const modified = 'Tue, 14 Nov 2023 22:13:20 GMT'
    const ask = await serve({ precompressed: true })
    for (const [coding, whole] of [
      ['br', 'br'],
      ['identity', 'plain()'.repeat(100)],
    ] as const) {
      const headers = { 'accept-encoding': coding, range: 'bytes=1-' }
      const { headers: got } = await ask('/app.js', { 'accept-encoding': coding })
      expect(got['last-modified']).toBe(modified)
      expect(await brief(await ask('/app.js', { ...headers, 'if-range': modified }))).toEqual([200, whole])
      const byTag = await ask('/app.js', { ...headers, 'if-range': got['etag'] as string })
      expect(await brief(byTag)).toEqual([206, whole.slice(1)])
    }
    const alone = await serve()
    expect((await alone('/app.js', { range: 'bytes=1-', 'if-range': modified })).status).toBe(206)
  })

  test('only where they are asked for and there', async () => {
    const without = await serve()
    const got = await without('/app.js', { 'accept-encoding': 'br' })
    expect([got.headers['content-encoding'], got.headers['vary']]).toEqual([undefined, undefined])
    const ask = await serve({ precompressed: true, fallback: 'index.html' })
    const zstd = await ask('/only.css', { 'accept-encoding': 'gzip, zstd' })
    expect([zstd.headers['content-encoding'], await zstd.text()]).toEqual(['zstd', 'zstd'])
    const page = await ask('/users', { ...HTML, 'accept-encoding': 'br' })
    expect([page.headers['vary'], await page.text()]).toEqual(['Accept-Encoding, Accept', '<h1>home</h1>'])
    // A link beside it is looked at like any other.
    const { symlinkSync } = await import('node:fs')
    symlinkSync('../secret.txt', join(place.root, 'ok.txt.br'))
    expect(await brief(await ask('/ok.txt', { 'accept-encoding': 'br' }))).toEqual([200, 'ok'])
  })
})

// Root reads everything, so the test becomes nobody for a moment.
const isRoot = process.getuid?.() === 0
const nobody = isRoot ? () => process.seteuid!(65_534) : () => {}
test('a file that may not be read is a 403, and says nothing of the system', async () => {
  place.write('closed.txt', 'closed')
  chmodSync(join(place.root, 'closed.txt'), 0)
  for (let up = place.root; up.includes('millrace-static-'); up = join(up, '..')) chmodSync(up, 0o755)
  const app = new App()
  app.static('/', place.root)
  const client = connectTo(app)
  await client.request('GET', '/ok.txt')
  nobody()
  try {
    const got = await client.request('GET', '/closed.txt')
    expect(await got.json()).toMatchObject({ status: 403, detail: 'This file may not be read.' })
    expect((await client.request('GET', '/ok.txt')).status).toBe(200)
  } finally {
    if (isRoot) process.seteuid!(0)
  }
  expect(statSync(join(place.root, 'closed.txt')).mode & 0o777).toBe(0)
  await app.close()
})
