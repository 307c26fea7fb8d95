import { App } from 'millrace'

const app = new App({ bodyLimit: 64 * 1024, timeouts: { headers: 10_000, stall: 10_000 } })

app.get('/slow', async ({ sleep }) => {
  await sleep(300)
  return 'done'
})

await app.listen({ port: 8000, limits: { connections: 2000, requests: 2 } })
