import type { OpenApiDocument } from 'millrace'
import { expect } from 'vitest'
import type { Claims } from '../program.ts'

const read = async (url: string, path = '/openapi.json') =>
  (await (await fetch(url + path)).json()) as OpenApiDocument

export const claims: Claims = {
  async 'first.ts'({ url, app, exports }) {
    const document = await read(url)
    expect(document).toMatchObject({ openapi: '3.2.0', info: { title: 'Ticker', version: '1.0.0' } })
    const content = { 'application/jsonl': { itemSchema: { $ref: '#/components/schemas/GetTicksItem' } } }
    expect(document.paths['/ticks']).toMatchObject({
      get: { operationId: 'getTicks', responses: { 200: { content } } },
    })
    const generators = await read(url, '/openapi.json?dialect=3.1')
    expect(JSON.stringify(generators)).not.toContain('itemSchema')
    expect(generators.openapi).toBe('3.1.1')
    const named = await app.openapi({ exports })
    expect(named.paths['/ticks']).toMatchObject({ get: { operationId: 'watchTicks' } })
    expect(Object.keys(named.components!['schemas']!)).toEqual(['Tick', 'Problem'])
  },

  async 'route.ts'({ url }) {
    const { paths } = await read(url)
    expect(Object.keys(paths)).toEqual(['/orders', '/teapot'])
    expect(paths['/orders']!['post']).toMatchObject({
      operationId: 'orderTea',
      summary: 'Order tea',
      requestBody: { content: { 'application/json': { examples: { 'a pot': { value: { cups: 4 } } } } } },
      responses: {
        201: {},
        202: { description: 'It will be made later.' },
        409: { description: 'That tea is out of stock.', content: { 'application/problem+json': {} } },
      },
      callbacks: { ready: { '{$request.body#/callback}': { post: { summary: 'The tea is ready' } } } },
    })
    expect(paths['/teapot']!['get']).toMatchObject({ deprecated: true })
    expect(await (await fetch(`${url}/internal`)).text()).toBe('served, but in no document')
  },

  async 'app.ts'({ url }) {
    const document = await read(url, '/api/openapi.json')
    expect(document).toMatchObject({
      info: { summary: 'Tea, by the cup', license: { name: 'MIT' } },
      servers: [{ url: 'https://tea.example' }],
      tags: [{ name: 'orders', description: 'What was ordered.' }],
      webhooks: { soldOut: { post: { summary: 'A tea is sold out' } } },
      'x-audience': 'partners',
    })
    for (const gone of ['/openapi.json', '/asyncapi.json']) expect((await fetch(url + gone)).status).toBe(404)
  },

  async 'schema.ts'({ url }) {
    const { paths, components } = await read(url)
    expect(components!['schemas']!['Money']).toMatchObject({
      properties: { currency: { enum: ['EUR', 'USD'] } },
    })
    const text = JSON.stringify(paths)
    expect(text).toContain('{"type":"array","items":{"$ref":"#/components/schemas/Money"}}')
    expect(text).toContain('{"type":"integer","multipleOf":2}')
    expect(text).toContain('"properties":{"x":{"type":"number"},"y":{"type":"number"}}')
  },

  async 'own.ts'({ url }) {
    const at = `${url}/internal/openapi.json`
    expect((await fetch(at)).status).toBe(401)
    const response = await fetch(at, { headers: { authorization: 'Bearer admin-token' } })
    expect(Object.keys(((await response.json()) as OpenApiDocument).paths)).toEqual(['/tea'])
    for (const gone of ['/openapi.json', '/asyncapi.json', '/docs'])
      expect((await fetch(url + gone)).status).toBe(404)
  },

  async 'socket.ts'({ url, app, exports }) {
    const served = await (await fetch(`${url}/asyncapi.json`)).json()
    expect(served).toMatchObject({
      asyncapi: '3.1.0',
      channels: { websocketRoomsByRoom: { address: '/rooms/{room}', title: 'A room' }, lines: {} },
    })
    const { operations } = await app.asyncapi({ exports })
    expect(operations).toMatchObject({
      chatReceive: { action: 'receive', channel: { $ref: '#/channels/chat' } },
      chatSend: { action: 'send' },
    })
  },
}
