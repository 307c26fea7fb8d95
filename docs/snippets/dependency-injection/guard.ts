import { App, dependency, HttpError } from 'millrace'
import { z } from 'zod'

const users = dependency({ scope: 'app' }, () => new Map([['secret', { name: 'ada', admin: true }]]))

const user = dependency(
  { use: { users }, headers: z.object({ 'x-token': z.string() }) },
  ({ users, headers }) => {
    const found = users.get(headers['x-token'])
    if (found === undefined) throw new HttpError(401)
    return found
  },
)

const admin = dependency({ use: { user } }, ({ user }) => {
  if (!user.admin) throw new HttpError(403)
  return user
})

const app = new App()

app.get('/me', { use: { user } }, ({ user }) => user.name)
app.delete('/everything', { use: { user, admin } }, ({ admin }) => `deleted by ${admin.name}`)

await app.listen()
