import { App, dependency, HttpError, Router } from 'millrace'

const user = dependency(({ headers }) => {
  if (headers.authorization !== 'Bearer secret') throw new HttpError(401)
  return { name: 'ada' }
})

const posts = new Router({ prefix: '/posts', tags: ['posts'] })
posts.get('/', () => ['first', 'second'])
posts.get('/:id', ({ params }) => `post ${params.id}`)

const api = new Router({ prefix: '/api', use: { user } })
api.get('/me', ({ user }) => user)
api.include(posts)

const app = new App()
app.include(api)

await app.listen()
