import { App } from 'millrace'

const admin = new App({ title: 'Admin' })
admin.get('/users', () => ['ada'])

const app = new App()
app.mount('/admin', admin)
app.mount('/old', (request) => new Response(`the old server, at ${new URL(request.url).pathname}`))

await app.listen()
