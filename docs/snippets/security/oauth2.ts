import { App, HttpError, oauth2, sameSecret } from 'millrace'
import { z } from 'zod'

const tokens = new Map<string, { name: string; scopes: string[] }>()

const user = oauth2(
  { flows: { password: { tokenUrl: '/token', scopes: { 'tea:order': 'Order tea' } } } },
  (token) => tokens.get(token),
)

const app = new App()

const Grant = z.object({
  grant_type: z.literal('password'),
  username: z.string(),
  password: z.string(),
  scope: z.string().default(''),
})

app.post('/token', { body: Grant }, ({ body, head }) => {
  // Here stands a slow hash.
  if (!sameSecret(body.password, 'tea')) throw new HttpError(400, { code: 'INVALID_GRANT' })
  const token = crypto.randomUUID()
  tokens.set(token, { name: body.username, scopes: body.scope.split(' ') })
  head.set('cache-control', 'no-store')
  return { access_token: token, token_type: 'Bearer' }
})

app.post('/orders', { use: { user: user.scoped('tea:order') } }, ({ user }) => `made for ${user.name}`)

await app.listen()
