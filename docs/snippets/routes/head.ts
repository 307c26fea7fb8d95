import { App } from 'millrace'

const app = new App()

app.post('/sessions', ({ head }) => {
  head.status = 201
  head.set('cache-control', 'no-store').cookie('session', 'a1b2c3', { secure: true, maxAge: 3600 })
  return { user: 'ada' }
})

await app.listen()
