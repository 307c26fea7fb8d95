import { App } from 'millrace'
import { z } from 'zod'

const app = new App()

app.get(
  '/users/:id/posts',
  {
    params: z.object({ id: z.uuid() }),
    query: z.object({
      limit: z.coerce.number().int().max(100).default(20),
      tag: z.array(z.string()).default([]),
    }),
    headers: z.object({ 'accept-language': z.string().default('en') }),
    cookies: z.object({ theme: z.enum(['light', 'dark']).optional() }),
  },
  ({ params, query, headers, cookies }) => ({
    id: params.id,
    limit: query.limit,
    tags: query.tag,
    language: headers['accept-language'],
    theme: cookies.theme ?? 'light',
  }),
)

await app.listen()
