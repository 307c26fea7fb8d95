import { App } from 'millrace'
import { z } from 'zod'

export const app = new App({
  title: 'Tea',
  version: '2.1.0',
  openapi: {
    path: '/api/openapi.json',
    summary: 'Tea, by the cup',
    contact: { name: 'The kitchen', email: 'kitchen@example.com' },
    license: { name: 'MIT', identifier: 'MIT' },
    servers: [{ url: 'https://tea.example', description: 'Production' }],
    tags: [{ name: 'orders', description: 'What was ordered.' }],
    webhooks: {
      soldOut: { summary: 'A tea is sold out', body: z.object({ tea: z.string() }) },
    },
    transform: (document) => ({ ...document, 'x-audience': 'partners' }),
  },
  asyncapi: false,
})

app.get('/orders', { tags: ['orders'] }, () => [])
