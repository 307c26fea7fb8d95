import { App } from 'millrace'

const app = new App({
  title: 'Orders',
  version: '1.0.0',
  bodyLimit: 64 * 1024,
  observers: [
    {
      end({ method, route }, { outcome, bytes }, status) {
        console.log(`${method} ${route} ${status} ${bytes} ${outcome}`)
      },
    },
  ],
})

app.get('/orders/:id', ({ params }) => ({ id: params.id }))

await app.listen({ port: 8000, host: '127.0.0.1' })
