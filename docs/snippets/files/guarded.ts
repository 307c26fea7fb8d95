import { App, dependency, HttpError, Router } from 'millrace'

const member = dependency(({ cookies }) => {
  if (cookies.session === undefined) throw new HttpError(401, { detail: 'Log in first.' })
})

const members = new Router({ prefix: '/members', use: { member } })
members.static('/files', 'downloads', { cache: { visibility: 'private', maxAge: 60 } })

const app = new App()
app.include(members)

await app.listen()
