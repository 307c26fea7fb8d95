/** Routes that the house adds to an app: they are guests in it. */
import { App, dependency, HttpError, type Middleware, reply } from 'millrace'
import { connect } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

class Furnished extends App {
  constructor(options: ConstructorParameters<typeof App>[0] = {}) {
    super(options)
    this.house.get('/about', () => reply.text('the house'))
  }
}

const ask = async (app: App, path: string) => {
  await using connection = await connect(app)
  const answer = await connection.request('GET', path)
  return { status: answer.status, text: await answer.text() }
}

describe('a route of the house', () => {
  it('is served, and is not in the list of routes', async () => {
    const app = new Furnished()
    app.get('/', () => 'mine')
    expect(await ask(app, '/about')).toEqual({ status: 200, text: 'the house' })
    expect(app.routes.map(({ path }) => path)).toEqual(['/'])
  })

  it('yields to a route of the app, under whatever name its parameters have', async () => {
    const app = new Furnished()
    app.get('/about', () => 'mine')
    expect((await ask(app, '/about')).text).toContain('mine')
  })

  it('is not guarded by what guards the routes', async () => {
    const guard = dependency(() => {
      throw new HttpError(401)
    })
    const app = new (class extends Furnished {})({ use: { guard } })
    app.get('/', () => 'mine')
    expect((await ask(app, '/')).status).toBe(401)
    expect((await ask(app, '/about')).status).toBe(200)
  })

  it('is seen by the middleware of the app', async () => {
    const closed: Middleware = () => reply.text('closed', { status: 503 })
    expect((await ask(new Furnished({ middleware: [closed] }), '/about')).status).toBe(503)
  })

  it('two routes of the app at one place are still a mistake', () => {
    const app = new Furnished()
    app.get('/x', () => 1)
    app.get('/x', () => 2)
    expect(() => app.routes).toThrow('declared twice')
  })
})
