import { App } from 'millrace'

const app = new App()

app.get('/users/:id', ({ params }) => `user ${params.id}`)
app.get('/users/me', () => 'you')
app.get('/pages/*page', ({ params }) => `page ${params.page}`)
app.delete('/users/:id', () => {})
app.route('PURGE', '/cache/:key', {}, ({ params }) => `purged ${params.key}`)

await app.listen()
