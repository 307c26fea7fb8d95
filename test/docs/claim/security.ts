import { expect } from 'vitest'
import { WebSocket } from 'ws'
import type { Claims } from '../program.ts'

export const claims: Claims = {
  async 'bearer.ts'({ url }) {
    const ask = (method: string, path: string, token?: string) =>
      fetch(url + path, { method, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
    expect(await (await ask('GET', '/me', 't-ada')).text()).toBe('ada')
    const missing = await ask('GET', '/me')
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    const wrong = await ask('GET', '/me', 't-eve')
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    expect(await (await ask('POST', '/orders', 't-ada')).text()).toBe('made for ada')
    const scope = await ask('DELETE', '/stock', 't-ada')
    expect(scope.status).toBe(403)
    expect(scope.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope", scope="tea:admin"')
    expect(await (await ask('GET', '/menu')).text()).toBe('hello stranger')
    expect(await (await ask('GET', '/menu', 't-ada')).text()).toBe('hello ada')
    expect((await ask('GET', '/menu', 't-eve')).status).toBe(401)
    expect(await (await ask('GET', '/my/orders', 't-ada')).json()).toEqual(['green tea for ada'])
    expect((await ask('GET', '/my/orders')).status).toBe(401)
    expect(await (await fetch(`${url}/openapi.json`)).json()).toMatchObject({
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      paths: { '/menu': { get: { security: [{ bearer: [] }, {}] } } },
    })
  },

  async 'key.ts'({ url }) {
    const ask = (headers: Record<string, string>) => fetch(`${url}/stock`, { headers })
    const secret = 'correct horse battery staple'
    expect(await (await ask({ 'x-api-key': secret })).text()).toBe('12 tins, machine')
    const authorization = `Basic ${Buffer.from(`ada:${secret}`).toString('base64')}`
    expect(await (await ask({ authorization })).text()).toBe('12 tins, ada')
    const nobody = await ask({})
    expect(nobody.status).toBe(401)
    expect(nobody.headers.get('www-authenticate')).toBe(
      'ApiKey in="header", name="x-api-key", Basic realm="Kitchen", charset="UTF-8"',
    )
  },

  async 'oauth2.ts'({ url }) {
    const grant = { grant_type: 'password', username: 'ada', password: 'tea', scope: 'tea:order' }
    const token = (fields: Record<string, string>) =>
      fetch(`${url}/token`, { method: 'POST', body: new URLSearchParams(fields) })
    expect((await token({ ...grant, password: 'coffee' })).status).toBe(400)
    const { access_token } = (await (await token(grant)).json()) as { access_token: string }
    const headers = { authorization: `Bearer ${access_token}` }
    expect(await (await fetch(`${url}/orders`, { method: 'POST', headers })).text()).toBe('made for ada')
    expect((await fetch(`${url}/orders`, { method: 'POST' })).status).toBe(401)
  },

  async 'socket.ts'({ url }) {
    const ask = (headers: Record<string, string>) =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${url.replace('http', 'ws')}/chat`, { headers })
        socket.on('message', (data) => resolve(String(data as Buffer)))
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
      })
    expect(await ask({ cookie: 'session=s-1' })).toBe('hello ada')
    expect(await ask({})).toBe(401)
  },
}
