/** Text under other names than text/plain. */
import { App, bytes, jsonl, text } from 'millrace'
import { createClient } from 'millrace/client'
import { expect, expectTypeOf, test } from 'vitest'
import { read, scene } from './scene.ts'

const ROWS = 'n,name\n1,é\n'

function table() {
  const stage = scene()
  const { app } = stage
  const rows = function* () {
    yield 'n,name\n'
    yield '1,é\n'
  }
  const routes = {
    csv: app.get('/csv', { streams: text('text/csv') }, rows),
    xml: app.get('/xml', { streams: text('application/xml; charset="UTF-8"') }, rows),
    either: app.get('/either', { streams: [text('Text/CSV; header=present'), jsonl()] }, rows),
    any: app.post('/any', { body: text }, ({ body }) => body),
    table: app.post('/table', { body: text('text/csv') }, ({ body }) => body),
    octets: app.get('/octets', { streams: bytes('text/csv') }, () => [Buffer.from(ROWS)]),
  }
  return { ...stage, routes }
}

test('the type is sent with the charset, and chosen by Accept', async () => {
  const { get } = table()
  const seen = async (path: string, accept?: string) => {
    const reply = await get(path, accept)
    return [reply.headers['content-type'], (await read(reply)).text]
  }
  expect(await seen('/csv')).toEqual(['text/csv; charset=utf-8', ROWS])
  expect(await seen('/csv', 'application/json')).toEqual(['text/csv; charset=utf-8', ROWS])
  expect(await seen('/xml')).toEqual(['application/xml; charset="UTF-8"', ROWS])
  expect(await seen('/either')).toEqual(['Text/CSV; header=present; charset=utf-8', ROWS])
  expect(await seen('/either', 'application/jsonl')).toEqual(['application/jsonl', '"n,name\\n"\n"1,é\\n"\n'])
  expect((await get('/either', 'image/png')).status).toBe(406)
  expect(await seen('/octets')).toEqual(['text/csv', ROWS])
})

test('a body is of that type, or a 415; of every text type, where none is named', async () => {
  const { request } = table()
  const send = async (path: string, type: string) => {
    const reply = await request('POST', path, { headers: { 'content-type': type }, body: ROWS })
    return reply.status === 200 ? (await read(reply)).text : [reply.status, reply.headers['accept']]
  }
  expect(await send('/table', 'text/CSV; charset=utf-8')).toBe(ROWS)
  expect(await send('/table', 'text/plain')).toEqual([415, 'text/csv'])
  expect(await send('/any', 'text/csv')).toBe(ROWS)
  expect(await send('/any', 'application/json')).toEqual([415, 'text/plain'])
})

test('documents name it, and the client reads text', async () => {
  const { app, routes } = table()
  const { paths } = await app.openapi()
  const string = { schema: { type: 'string' } }
  expect(paths).toMatchObject({
    '/csv': { get: { responses: { 200: { content: { 'text/csv': string } } } } },
    '/either': { get: { responses: { 200: { content: { 'text/csv': string, 'application/jsonl': {} } } } } },
    '/table': { post: { requestBody: { content: { 'text/csv': string } } } },
  })
  const api = createClient<typeof routes>('http://app', { fetch: app.fetch })
  for (const path of ['/csv', '/xml'] as const) {
    const whole = await api.get(path)
    expectTypeOf(whole).toEqualTypeOf<string>()
    expect(whole).toBe(ROWS)
  }
})

test('what is no media type, or no UTF-8, is refused where it is declared', () => {
  for (const type of ['csv', '', 'text/', 'text/csv; charset=latin1', 'text /csv'])
    expect(() => text(type), type).toThrow(/media type, as in text\('text\/csv'\).*UTF-8/)
  expect({ ...text, name: text.name }).toMatchObject({
    name: 'text',
    contentType: 'text/plain; charset=utf-8',
  })
  const app = new App()
  // @ts-expect-error bytes is a function that makes formats, and none itself
  expect(() => app.get('/', { streams: bytes }, () => [])).toThrow('Call it')
})
