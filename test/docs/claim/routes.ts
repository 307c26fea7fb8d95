import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { expect, vi } from 'vitest'
import { type Claims, openStream, post } from '../program.ts'

const textOf = async (url: string, init?: RequestInit) => (await fetch(url, init)).text()

export const claims: Claims = {
  async 'paths.ts'({ url }) {
    expect(await textOf(`${url}/users/7`)).toBe('user 7')
    expect(await textOf(`${url}/users/J%C3%BCrgen%20K`)).toBe('user Jürgen K')
    expect(await textOf(`${url}/users/me`)).toBe('you')
    expect(await textOf(`${url}/pages/a/b/c`)).toBe('page a/b/c')
    expect((await fetch(`${url}/pages`)).status).toBe(404)
    expect((await fetch(`${url}/users/7`, { method: 'DELETE' })).status).toBe(204)
    expect(await textOf(`${url}/cache/x`, { method: 'PURGE' })).toBe('purged x')
    expect((await fetch(`${url}/Users/7`)).status).toBe(404)
    const wrong = await fetch(`${url}/users/7`, { method: 'PUT' })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, DELETE, OPTIONS'])
    const options = await fetch(`${url}/users/7`, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, DELETE, OPTIONS'])
    const head = await fetch(`${url}/users/7`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '6', ''])
    expect((await fetch(`${url}/users/%zz`)).status).toBe(400)
    expect((await fetch(`${url}/users/a%2F..%2Fb`)).status).toBe(400)
    expect(await textOf(`${url}/users/a%2Fb`)).toBe('user a/b')
    expect((await fetch(`${url}/pages/a%2Fb`)).status).toBe(400)
  },

  async 'inputs.ts'({ url }) {
    const posts = `${url}/users/9b2f8f6e-3f0e-4d5a-9d0b-3a8c1f1f2a6b/posts`
    const response = await fetch(`${posts}?limit=5&tag=a`, { headers: { cookie: 'theme=dark' } })
    expect(await response.json()).toMatchObject({ limit: 5, tags: ['a'], theme: 'dark' })
    expect(await (await fetch(`${posts}?tag=a&tag=b`)).json()).toMatchObject({ tags: ['a', 'b'], limit: 20 })
    const refused = await fetch(`${url}/users/7/posts?limit=many`)
    expect(refused.status).toBe(422)
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(await refused.json()).toEqual({
      type: 'about:blank',
      title: 'Validation failed',
      status: 422,
      code: 'VALIDATION_FAILED',
      detail: 'The request has 2 problems; see "errors".',
      errors: [
        { in: 'params', path: ['id'], detail: 'Invalid UUID' },
        { in: 'query', path: ['limit'], detail: 'Invalid input: expected number, received NaN' },
      ],
    })
  },

  async 'raw-inputs.ts'({ url }) {
    const headers = { cookie: 'session=abc', 'user-agent': 'test' }
    expect(await (await fetch(`${url}/search?q=a&q=b+c`, { headers })).json()).toEqual({
      q: ['a', 'b c'],
      agent: 'test',
      session: 'abc',
      at: 'GET /search (/search)',
    })
    expect(await (await fetch(`${url}/search?q=%zz`)).json()).toMatchObject({ code: 'MALFORMED_QUERY' })
  },

  async 'bodies.ts'({ url }) {
    expect(await (await post(`${url}/contacts`, { name: 'Ada', age: 36 })).json()).toEqual({
      name: 'Ada',
      age: 36,
    })
    const form = new URLSearchParams({ name: 'Ada', age: '36' })
    const sent = await fetch(`${url}/contacts`, { method: 'POST', body: form })
    expect(await sent.json()).toEqual({ name: 'Ada', age: 36 })
    expect((await fetch(`${url}/contacts`, { method: 'POST', body: 'Ada' })).status).toBe(415)
    const broken = { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }
    expect((await fetch(`${url}/contacts`, broken)).status).toBe(400)

    expect(await textOf(`${url}/shout`, { method: 'POST', body: 'tea' })).toBe('TEA')

    const image = new Uint8Array(3_000_000).fill(7)
    const put = (type: string, body: Uint8Array) =>
      fetch(`${url}/images/a`, { method: 'PUT', body: body as BodyInit, headers: { 'content-type': type } })
    expect(await (await put('image/png', image)).text()).toBe(
      createHash('sha256').update(image).digest('hex'),
    )
    expect((await put('image/jpeg', image)).status).toBe(415)
    expect((await put('image/png', new Uint8Array(10_000_001))).status).toBe(413)

    const any = await fetch(`${url}/anything`, {
      method: 'POST',
      body: 'abc',
      headers: { 'content-type': 'x/y' },
    })
    expect(await any.json()).toEqual({ type: 'x/y', bytes: 3 })
    const large = await fetch(`${url}/anything`, { method: 'POST', body: new Uint8Array(1024 * 1024 + 1) })
    expect(large.status).toBe(413)
  },

  async 'returns.ts'({ url, app }) {
    expect(await (await fetch(`${url}/users/7`)).json()).toEqual({ id: '7', name: 'Ada' })
    expect((await post(`${url}/users`, { id: '7', name: 'Ada' })).status).toBe(201)
    expect(app.routes.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /users/:id',
      'POST /users',
    ])
  },

  async 'values.ts'({ url }) {
    const seen = async (path: string) => {
      const response = await fetch(url + path)
      return [response.status, response.headers.get('content-type'), await response.text()]
    }
    expect(await seen('/text')).toEqual([200, 'text/plain; charset=utf-8', 'plain text'])
    expect((await seen('/json'))[1]).toBe('application/json')
    expect(await seen('/bytes')).toEqual([200, 'application/octet-stream', '\u0001\u0002\u0003'])
    expect(await seen('/nothing')).toEqual([204, null, ''])
    expect((await seen('/response')).slice(0, 1)).toEqual([203])
    expect(await seen('/web-stream')).toEqual([200, 'application/octet-stream', 'a web stream'])
    expect(await seen('/generator')).toEqual([200, 'application/jsonl', '{"n":1}\n{"n":2}\n'])
  },

  async 'replies.ts'({ url }) {
    const json = await fetch(`${url}/json`)
    expect([json.status, json.headers.get('x-request-id')]).toEqual([202, '7'])
    expect(await textOf(`${url}/text`)).toBe('tea\n')
    expect((await fetch(`${url}/html`)).headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect((await fetch(`${url}/bytes`)).headers.get('content-type')).toBe('image/png')
    expect((await fetch(`${url}/empty`)).status).toBe(204)
    const old = await fetch(`${url}/old`, { redirect: 'manual' })
    expect([old.status, old.headers.get('location')]).toEqual([308, '/json'])
    const csv = await fetch(`${url}/stream`)
    expect([csv.headers.get('content-type'), await csv.text()]).toEqual(['text/csv', 'a,b\n1,2\n'])
    expect((await fetch(`${url}/file`)).status).toBe(404)
    writeFileSync('report.pdf', '%PDF')
    const file = await fetch(`${url}/file`)
    expect(file.headers.get('content-type')).toBe('application/pdf')
    expect(file.headers.get('content-disposition')).toBe('attachment; filename="Annual report.pdf"')
    expect(await file.text()).toBe('%PDF')
  },

  async 'head.ts'({ url }) {
    const response = await fetch(`${url}/sessions`, { method: 'POST' })
    expect(response.status).toBe(201)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('set-cookie')).toBe(
      'session=a1b2c3; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax',
    )
  },

  async 'errors.ts'({ url, log }) {
    const missing = await fetch(`${url}/books/1`)
    expect(await missing.json()).toEqual({
      type: 'about:blank',
      title: 'Not found',
      status: 404,
      code: 'NOT_FOUND',
      detail: 'There is no book 1.',
    })
    expect((await fetch(`${url}/books/2`)).status).toBe(409)
    const unexpected = await fetch(`${url}/books/3`)
    expect(unexpected.status).toBe(500)
    expect(await unexpected.text()).not.toContain('10.0.0.7')
    expect(log.join()).toContain('10.0.0.7')
  },

  async 'routers.ts'({ url, app }) {
    const headers = { authorization: 'Bearer secret' }
    expect(await (await fetch(`${url}/api/me`, { headers })).json()).toEqual({ name: 'ada' })
    expect(await textOf(`${url}/api/posts/2`, { headers })).toBe('post 2')
    expect(await (await fetch(`${url}/api/posts`, { headers })).json()).toEqual(['first', 'second'])
    expect((await fetch(`${url}/api/posts/2`)).status).toBe(401)
    expect(app.routes.map(({ path }) => path)).toEqual(['/api/me', '/api/posts/', '/api/posts/:id'])
    expect(() => app.get('/late', () => 'late')).toThrow('declared after the app had started')
  },

  async 'mount.ts'({ url }) {
    expect(await (await fetch(`${url}/admin/users`)).json()).toEqual(['ada'])
    expect(await textOf(`${url}/old/a/b`)).toBe('the old server, at /a/b')
    expect(await textOf(`${url}/old`)).toBe('the old server, at /')
  },

  async 'middleware.ts'({ url, output }) {
    const { response, next } = await openStream(`${url}/words`)
    expect(response.headers.get('x-request-id')).toHaveLength(36)
    expect(response.headers.get('server-timing')).toMatch(/^handler;dur=\d/)
    expect(await next()).toBe('ONE ')
    expect(await next()).toBe('TWO')
    expect(await next()).toBeUndefined()
    await vi.waitFor(() => expect(output).toEqual(['/words: 7 bytes']))
    const missing = await fetch(`${url}/none`)
    expect([missing.status, missing.headers.get('x-request-id')?.length]).toEqual([404, 36])
    expect(missing.headers.get('server-timing')).toBeNull()
  },
}
