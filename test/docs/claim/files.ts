import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { expect, vi } from 'vitest'
import { type S3Server, startS3 } from '../../file/s3-server.ts'
import type { Claims } from '../program.ts'

// The snippets that serve a folder do not start without it, so it is there before they are.
function write(path: string, text: string) {
  mkdirSync(path.split('/').slice(0, -1).join('/'), { recursive: true })
  writeFileSync(path, text)
  utimesSync(path, 1_700_000_000, 1_700_000_000)
}

let store: S3Server

/** Called in the folder that programs run in. */
export async function prepare(): Promise<() => Promise<void>> {
  store = await startS3()
  process.env['STORE_URL'] = store.url
  write('public/index.html', '<h1>home</h1>')
  write('public/guide/index.html', '<h1>guide</h1>')
  write('public/app.3f2a9c1b.js', 'plain()')
  write('public/app.3f2a9c1b.js.br', 'brotli')
  write('downloads/book.txt', 'book')
  return () => store.close()
}

export const claims: Claims = {
  async 'static.ts'({ url }) {
    const ask = (path: string, headers: Record<string, string> = {}) =>
      fetch(url + path, { headers, redirect: 'manual' })
    const html = { accept: 'text/html' }
    expect(await (await ask('/api/hello', html)).json()).toEqual({ hello: 'world' })
    expect(await (await ask('/')).text()).toBe('<h1>home</h1>')
    expect((await ask('/guide')).headers.get('location')).toBe('./guide/')
    expect(await (await ask('/guide/')).text()).toBe('<h1>guide</h1>')
    expect(await (await ask('/users/john.doe', html)).text()).toBe('<h1>home</h1>')
    for (const [path, headers] of [
      ['/users/john.doe', { accept: '*/*' }],
      ['/nothing.js', html],
      ['/.env', html],
    ] as const)
      expect((await ask(path, headers)).status, path).toBe(404)
    const script = await ask('/app.3f2a9c1b.js', { 'accept-encoding': 'identity' })
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(script.headers.get('vary')).toBe('Accept-Encoding')
    expect(await script.text()).toBe('plain()')
    expect((await fetch(`${url}/guide/`, { method: 'POST' })).status).toBe(405)
  },

  async 'declared.ts'({ url, app, exports }) {
    writeFileSync('backup.zip', '0123456789')
    expect(await (exports['sizeOfBackup'] as () => Promise<number>)()).toBe(10)
    const part = await fetch(`${url}/backup`, { headers: { range: 'bytes=2-4' } })
    expect([part.status, part.headers.get('content-type'), await part.text()]).toEqual([
      206,
      'application/zip',
      '234',
    ])
    const documented = JSON.stringify(await app.openapi())
    expect(documented).toContain('"content":{"application/zip":{}}')
  },

  async 'memory.ts'({ url }) {
    const icon = await fetch(`${url}/icon.svg`)
    expect(icon.headers.get('content-type')).toBe('image/svg+xml')
    expect(icon.headers.get('cache-control')).toBe('max-age=3600')
    const headers = { 'if-none-match': icon.headers.get('etag')! }
    expect((await fetch(`${url}/icon.svg`, { headers })).status).toBe(304)
  },

  async 'store.ts'({ url }) {
    const id = '9b2f8f6e-3f0e-4d5a-9d0b-3a8c1f1f2a6b'
    const film = Buffer.from('0123456789')
    store.objects.set(`/films/${id}.mp4`, { bytes: film })
    store.secret = 'secret'
    const part = await fetch(`${url}/films/${id}`, { headers: { range: 'bytes=2-4' } })
    expect([part.status, part.headers.get('content-type'), await part.text()]).toEqual([
      206,
      'video/mp4',
      '234',
    ])
    expect((await fetch(`${url}/films/1b2f8f6e-3f0e-4d5a-9d0b-3a8c1f1f2a6b`)).status).toBe(404)
    store.secret = 'another'
    expect((await fetch(`${url}/films/${id}`)).status).toBe(500)
  },

  async 'guarded.ts'({ url }) {
    const ask = (path: string, cookie = 'x=1') => fetch(url + path, { headers: { cookie } })
    for (const path of ['/members/files/book.txt', '/members/files/', '/members/files/nothing'])
      expect((await ask(path)).status).toBe(401)
    expect((await ask('//members/files/book.txt')).status).toBe(404)
    const book = await ask('/members/files/book.txt', 'session=1')
    expect([book.headers.get('cache-control'), await book.text()]).toEqual(['private, max-age=60', 'book'])
  },

  async 'reply-file.ts'({ url }) {
    const ask = (headers: Record<string, string>) => fetch(`${url}/report`, { headers })
    expect((await ask({})).status).toBe(404)
    writeFileSync('figures.pdf', '%PDF-0123456789')
    const fresh = await ask({})
    expect(fresh.headers.get('etag')).toMatch(/^(W\/)?"[a-z0-9]+-[a-z0-9]+"$/)
    expect(fresh.headers.get('content-type')).toBe('application/pdf')
    expect(fresh.headers.get('cache-control')).toBe('private, max-age=3600')
    expect(fresh.headers.get('content-disposition')).toBe(
      `inline; filename="Gr__en 2026.pdf"; filename*=UTF-8''Gr%C3%B6%C3%9Fen%202026.pdf`,
    )
    const etag = await vi.waitFor(async () => {
      const tag = (await ask({})).headers.get('etag')!
      expect(tag).toMatch(/^"/)
      return tag
    })
    expect((await ask({ 'if-none-match': etag })).status).toBe(304)
    expect((await ask({ 'if-match': '"x"' })).status).toBe(412)
    const rest = await ask({ range: 'bytes=5-', 'if-range': etag })
    expect([rest.status, rest.headers.get('content-range'), await rest.text()]).toEqual([
      206,
      'bytes 5-14/15',
      '0123456789',
    ])
    const several = await ask({ range: 'bytes=0-0,-1' })
    expect(several.headers.get('content-type')).toMatch(/^multipart\/byteranges; boundary=/)
    const outside = await ask({ range: 'bytes=15-' })
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, 'bytes */15'])
    const skipped = await ask({ range: 'bytes=0-1,x' })
    expect([skipped.status, await skipped.text()]).toEqual([206, '%P'])
    for (const headers of [
      { range: 'bytes=5-', 'if-range': `W/${etag}` },
      { range: `bytes=${Array.from({ length: 101 }, (_, at) => `${at}-${at}`)}` },
      { range: 'lines=1-2' },
    ])
      expect((await ask(headers)).status).toBe(200)
  },
}
