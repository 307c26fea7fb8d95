import { App, reply } from 'millrace'

const app = new App()

app.get('/report', () =>
  reply.file('figures.pdf', {
    inlineAs: 'Größen 2026.pdf',
    cache: { visibility: 'private', maxAge: 3600 },
  }),
)

await app.listen()
