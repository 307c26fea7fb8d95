import { App, bearer, Router } from 'millrace'

const sessions = new Map([['t-ada', { name: 'ada', scopes: ['tea:read', 'tea:order'] }]])

// Whose token is it? Nothing means nobody's.
const user = bearer((token) => sessions.get(token))

const app = new App()

app.get('/me', { use: { user } }, ({ user }) => user.name)
app.post('/orders', { use: { user: user.scoped('tea:order') } }, ({ user }) => `made for ${user.name}`)
app.delete('/stock', { use: { user: user.scoped('tea:admin') } }, () => {})
app.get('/menu', { use: { user: user.optional() } }, ({ user }) => `hello ${user?.name ?? 'stranger'}`)

const orders = new Router({ prefix: '/my', use: { user } })
orders.get('/orders', ({ user }) => [`green tea for ${user.name}`])
app.include(orders)

await app.listen()
