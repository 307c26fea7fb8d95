import { App, HttpError } from 'millrace'

const app = new App()

app.get('/by-status', () => {
  throw new HttpError(403, { detail: 'Only the owner may read this.' })
})

app.get('/by-code', () => {
  throw new HttpError('TOO_MANY_REQUESTS', { headers: { 'retry-after': '30' } })
})

app.get('/your-own', () => {
  throw new HttpError(402, {
    code: 'CREDIT_USED_UP',
    detail: 'Your credit is used up. Add some at /billing.',
    extensions: { balance: -3 },
    cause: new Error('for the log only'),
  })
})

await app.listen()
