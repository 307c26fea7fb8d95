/** Every kind of input, with every validator we promise, and asynchronous ones. */
import { type } from 'arktype'
import type { Schema } from 'millrace'
import * as v from 'valibot'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Behaviour, behaviour, expectProblem } from './transport.ts'

/** The same five schemas in three languages. */
interface Validator {
  readonly name: string
  readonly params: Schema<unknown, { id: number }>
  readonly query: Schema<unknown, { limit: number; tag: string[] }>
  readonly headers: Schema<unknown, { 'x-key': string }>
  readonly cookies: Schema<unknown, { session: string }>
  readonly body: Schema<unknown, { name: string; age: number }>
}

const toNumber = (value: string) => Number(value)

const VALIDATORS: readonly Validator[] = [
  {
    name: 'zod',
    params: z.object({ id: z.coerce.number().int() }),
    query: z.object({ limit: z.coerce.number().max(10), tag: z.array(z.string()) }),
    headers: z.object({ 'x-key': z.string().min(3) }),
    cookies: z.object({ session: z.string() }),
    body: z.object({ name: z.string(), age: z.coerce.number() }),
  },
  {
    name: 'valibot',
    params: v.object({ id: v.pipe(v.string(), v.transform(toNumber), v.integer()) }),
    query: v.object({
      limit: v.pipe(v.string(), v.transform(toNumber), v.maxValue(10)),
      tag: v.array(v.string()),
    }),
    headers: v.object({ 'x-key': v.pipe(v.string(), v.minLength(3)) }),
    cookies: v.object({ session: v.string() }),
    body: v.object({ name: v.string(), age: v.pipe(v.union([v.string(), v.number()]), v.transform(Number)) }),
  },
  {
    name: 'arktype',
    params: type({ id: 'string.integer.parse' }) as never,
    query: type({ limit: type('string.numeric.parse').to('number <= 10'), tag: 'string[]' }) as never,
    headers: type({ 'x-key': 'string >= 3' }) as never,
    cookies: type({ session: 'string' }) as never,
    body: type({ name: 'string', age: type('string.numeric.parse').or('number') }) as never,
  },
]

const JSON_BODY = { headers: { 'content-type': 'application/json' }, body: '{"name":"Ada","age":36}' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

function withValidator(validator: Validator): Behaviour[] {
  const { name, params, query, headers, cookies, body } = validator
  return [
    behaviour(`${name}: params, query, headers and cookies are validated and coerced`, async (scene) => {
      const app = scene.create()
      app.get('/:id', { params, query, headers, cookies }, (c) => [
        c.params.id,
        c.query.limit,
        c.query.tag,
        c.headers['x-key'],
        c.cookies.session,
      ])
      const link = await scene.open(app)
      const got = await link.request('GET', '/7?limit=3&tag=a&tag=b', {
        headers: { 'X-Key': 'abc', cookie: 'session=s%20s; other=1' },
      })
      expect(await got.json()).toEqual([7, 3, ['a', 'b'], 'abc', 's s'])
    }),

    behaviour(`${name}: a key given once is a list of one where the schema wants a list`, async (scene) => {
      const app = scene.create()
      app.get('/', { query }, (c) => c.query)
      const got = await (await scene.open(app)).request('GET', '/?limit=1&tag=only')
      expect(await got.json()).toEqual({ limit: 1, tag: ['only'] })
    }),

    behaviour(`${name}: one 422 tells of every issue and its place`, async (scene) => {
      const app = scene.create()
      app.get('/:id', { params, query, headers, cookies }, () => 'never')
      const got = await (
        await scene.open(app)
      ).request('GET', '/x?limit=30&tag=a', {
        headers: { 'x-key': 'a' },
      })
      const problem = await expectProblem(got, 422, 'VALIDATION_FAILED')
      const errors = problem['errors'] as { in: string; path: string[]; detail: string }[]
      const places = errors.map((error) => `${error.in}.${error.path.join('.')}`)
      expect(places.sort()).toEqual(['cookies.session', 'headers.x-key', 'params.id', 'query.limit'])
      for (const error of errors) expect(error.detail).not.toBe('')
    }),

    behaviour(`${name}: the body is read as JSON or as a form, by its media type`, async (scene) => {
      const app = scene.create()
      app.post('/', { body }, (c) => c.body)
      const link = await scene.open(app)
      expect(await (await link.request('POST', '/', JSON_BODY)).json()).toEqual({ name: 'Ada', age: 36 })
      const form = await link.request('POST', '/', { headers: FORM, body: 'name=A+%C3%BC&age=5' })
      expect(await form.json()).toEqual({ name: 'A ü', age: 5 })
    }),

    behaviour(`${name}: a body that does not pass is a 422 with its place`, async (scene) => {
      const app = scene.create()
      app.post('/', { body, query }, () => 'never')
      const link = await scene.open(app)
      const bad = { ...JSON_BODY, body: '{"age":36}' }
      const problem = await expectProblem(await link.request('POST', '/?limit=99&tag=x', bad), 422)
      const errors = problem['errors'] as { in: string; path: string[] }[]
      expect(errors.map((error) => [error.in, ...error.path].join('.')).sort()).toEqual([
        'body.name',
        'query.limit',
      ])
    }),
  ]
}

export const inputBehaviours: Behaviour[] = [
  ...VALIDATORS.flatMap(withValidator),

  behaviour('asynchronous validators work for every input', async ({ create, open }) => {
    const later = z.string().refine(async (text) => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      return text === 'good'
    }, 'not good')
    const app = create()
    const one = z.object({ a: later })
    const list = z.object({ a: z.array(later) })
    app.post('/:a', { params: one, query: list, headers: one, cookies: one, body: one }, (c) => [
      c.params,
      c.query,
      c.body,
    ])
    const link = await open(app)
    const request = {
      headers: { a: 'good', cookie: 'a=good', 'content-type': 'application/json' },
      body: '{"a":"good"}',
    }
    const good = await link.request('POST', '/good?a=good', request)
    expect(await good.json()).toEqual([{ a: 'good' }, { a: ['good'] }, { a: 'good' }])
    const bad = await link.request('POST', '/bad?a=good&a=bad', {
      headers: { ...request.headers, a: 'bad', cookie: 'a=bad' },
      body: '{"a":"bad"}',
    })
    const problem = await expectProblem(bad, 422)
    const errors = problem['errors'] as { in: string }[]
    expect(errors.map((error) => error.in).sort()).toEqual(['body', 'cookies', 'headers', 'params', 'query'])
  }),

  behaviour('without a schema inputs come as they were sent', async ({ create, open }) => {
    const app = create()
    app.get('/:name/*rest', (c) => [c.params, c.query, c.headers['x-a'], c.cookies['a'], c.method, c.path])
    const got = await (
      await open(app)
    ).request('GET', '/gr%C3%BC%C3%9Fe/x/y%20z?a=1&a=2&b=+%26&c', {
      headers: { 'X-A': '1', cookie: 'a=b' },
    })
    expect(await got.json()).toEqual([
      { name: 'grüße', rest: 'x/y z' },
      { a: ['1', '2'], b: ' &', c: '' },
      '1',
      'b',
      'GET',
      '/gr%C3%BC%C3%9Fe/x/y%20z',
    ])
  }),

  behaviour('a schema may turn an input into null', async ({ create, open }) => {
    const app = create()
    const query = z.object({ a: z.string() }).transform(() => null)
    app.get('/', { query }, (c) => ({ query: c.query }))
    expect(await (await (await open(app)).request('GET', '/?a=1')).json()).toEqual({ query: null })
  }),

  behaviour('the validator that fails by throwing is a 500 that says nothing', async ({ create, open }) => {
    const app = create()
    const broken = z.string().transform(() => {
      throw new Error('database password is hunter2')
    })
    app.get('/', { query: z.object({ a: broken }) }, () => 'never')
    const problem = await expectProblem(await (await open(app)).request('GET', '/?a=1'), 500)
    expect(JSON.stringify(problem)).not.toContain('hunter2')
  }),

  behaviour('what a validator reports never holds the value that was sent', async ({ create, open }) => {
    const app = create()
    app.get('/', { headers: z.object({ authorization: z.string().startsWith('Bearer ') }) }, () => 'never')
    const got = await (await open(app)).request('GET', '/', { headers: { authorization: 'hunter2' } })
    expect(JSON.stringify(await expectProblem(got, 422))).not.toContain('hunter2')
  }),
]
