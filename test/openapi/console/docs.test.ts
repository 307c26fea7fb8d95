/** The docs page as replies: where it is, its policy, its files, and what is said when something is missing. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, dependency, HttpError } from 'millrace'
import { describe, expect, it } from 'vitest'
import { relativePath } from '../../../src/openapi/console/docs.ts'

const ROOT = join(import.meta.dirname, '../../..')
const get = (app: { fetch(request: Request): Promise<Response> }, path: string, init?: RequestInit) =>
  app.fetch(new Request(`http://localhost${path}`, init))

/** Everything that a page links to. */
function linksOf(html: string): string[] {
  return [...html.matchAll(/(?:href|src|data-openapi|data-asyncapi|data-root)="([^"]*)"/g)]
    .map((match) => match[1]!)
    .filter((link) => !link.startsWith('data:'))
}

describe('the docs page', () => {
  it('is at /docs, or where the app says, or nowhere', async () => {
    expect((await get(new App(), '/docs')).status).toBe(200)
    const moved = new App({ docs: '/internal/api-docs' })
    expect((await get(moved, '/docs')).status).toBe(404)
    expect((await get(moved, '/internal/api-docs')).status).toBe(200)
    expect((await get(new App({ docs: false }), '/docs')).status).toBe(404)
    expect((await get(new App({ openapi: false }), '/docs')).status).toBe(404)
  })

  it('yields to a route of the app, and is in no list of routes and no document', async () => {
    const app = new App()
    app.get('/docs', () => 'mine')
    expect(await (await get(app, '/docs')).text()).toBe('mine')
    const other = new App()
    other.get('/x', () => 1)
    expect(other.routes.map(({ path }) => path)).toEqual(['/x'])
    expect(Object.keys((await other.openapi()).paths)).toEqual(['/x'])
  })

  it('is open where the routes are guarded', async () => {
    const guard = dependency(() => {
      throw new HttpError(401)
    })
    expect((await get(new App({ use: { guard } }), '/docs')).status).toBe(200)
  })

  it.each([
    ['without a slash', { docs: 'docs' as const }, /docs takes a path/],
    ['with a parameter', { docs: '/:x' as const }, /docs takes a path/],
    ['without a document', { docs: '/docs' as const, openapi: false as const }, /needs the OpenAPI document/],
  ])('refuses a path %s', (_what, options, message) => expect(() => new App(options)).toThrow(message))

  it.each(['/docs', '/docs/reference'])('%s has a policy that lets in nobody else', async (path) => {
    const { headers } = await get(new App(), path)
    const policy = headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("connect-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(/script-src[^;]*unsafe/.test(policy)).toBe(false)
    expect(policy.includes("'unsafe-inline'")).toBe(path.endsWith('reference'))
    expect(policy).not.toMatch(/https?:|\*/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  })

  it('escapes what the app is called', async () => {
    const html = await (await get(new App({ title: `</title><script>alert("&'")</script>` }), '/docs')).text()
    expect(html).toContain('&lt;/title&gt;&lt;script&gt;alert(&quot;&amp;&#39;&quot;)')
    expect(html).not.toContain('<script>')
  })

  it.each(['/docs', '/docs/reference'])('%s links only to what is there', async (path) => {
    const app = new App()
    const links = linksOf(await (await get(app, path)).text())
    expect(links.length).toBeGreaterThan(4)
    for (const link of links) {
      const url = new URL(link, `http://localhost${path}`)
      expect(url.origin).toBe('http://localhost')
      // The folders of the app are no pages.
      if (url.pathname !== '/') expect((await get(app, url.pathname)).status, link).toBe(200)
    }
  })

  it('works below a prefix that somebody takes away: a mount, a proxy', async () => {
    const inner = new App({ docs: '/help/docs' })
    const outer = new App({ docs: false })
    outer.mount('/v2', inner)
    for (const link of linksOf(await (await get(outer, '/v2/help/docs')).text())) {
      const url = new URL(link, 'http://localhost/v2/help/docs')
      expect(url.pathname).toMatch(/^\/v2\//)
      if (url.pathname !== '/v2/') expect((await get(outer, url.pathname)).status, link).toBe(200)
    }
  })

  it('sends who wrote a slash at its end to where its links work', async () => {
    const reply = await get(new App(), '/docs/')
    expect(reply.status).toBe(308)
    expect(new URL(reply.headers.get('location')!, 'http://localhost/docs/').pathname).toBe('/docs')
  })

  it('has files that may be kept for ever, at addresses that change with them', async () => {
    const app = new App()
    const html = await (await get(app, '/docs')).text()
    const main = `/${/src="([^"]*main\.js)"/.exec(html)![1]}`
    const reply = await get(app, main)
    expect(reply.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(reply.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect((await get(app, main.replace(/assets\/\w+/, 'assets/000000000000'))).status).toBe(404)
    expect((await get(app, main.replace('main.js', 'constructor'))).status).toBe(404)
  })

  it('has no module that imports what it does not have', async () => {
    const { files } = (await import(join(ROOT, 'dist/openapi/console/bundle.js'))) as {
      files: Record<string, { text: string }>
    }
    expect(Object.keys(files)).toContain('preact.js')
    let imports = 0
    for (const [name, { text }] of Object.entries(files)) {
      for (const [, specifier] of text.matchAll(/^(?:import|export)[^'"\n;]*?from\s*["']([^"']+)["']/gm)) {
        expect(Object.keys(files), `${name} imports ${specifier}`).toContain(specifier!.replace(/^\.\//, ''))
        imports++
      }
    }
    expect(imports).toBeGreaterThan(50)
    expect(files['preact.js']!.text).toMatch(/^\/\*!\npreact [\d.]+\n\nThe MIT License/)
  })

  it('says so when the reference was not packed, and where to read instead', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
    try {
      cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true })
      cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
      rmSync(join(folder, 'dist/openapi/console/reference.js.gz'), { force: true })
      const { App: Bare } = (await import(join(folder, 'dist/index.js'))) as { App: typeof App }
      const reply = await get(new Bare(), '/docs/reference')
      expect(reply.status).toBe(200)
      const html = await reply.text()
      expect(html).toContain('The reference is not installed')
      expect(html).toContain('<a href="../docs">console</a>')
      expect(html).not.toContain('reference.js')
      expect((await get(new Bare(), '/docs')).status).toBe(200)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the way from one path to another', () => {
  it.each([
    ['/docs', '/openapi.json', 'openapi.json'],
    ['/docs', '/', './'],
    ['/docs', '/docs/assets/', 'docs/assets/'],
    ['/', '/openapi.json', 'openapi.json'],
    ['/a/docs', '/openapi.json', '../openapi.json'],
    ['/a/docs', '/a/openapi.json', 'openapi.json'],
    ['/a/b/docs', '/a/c/x', '../c/x'],
    ['/docs/reference', '/docs', '../docs'],
    ['/docs/reference', '/', '../'],
  ])('%s to %s is %s', (from, to, expected) => {
    expect(relativePath(from, to)).toBe(expected)
    expect(new URL(expected, `http://localhost${from}`).pathname).toBe(to)
  })
})
