import { App, channel, sse } from 'millrace'
import { z } from 'zod'

const app = new App()
const News = z.object({ headline: z.string() })
export const news = channel('news', News, { history: 50 })

// returned as it is
app.get('/news', { streams: sse(News) }, () => news.subscribe({ replay: 5 }))

// or inside a generator, which passes its signal
app.get('/greeted', { streams: sse(News) }, async function* ({ signal }) {
  yield { headline: 'Good morning' }
  yield* news.subscribe({ signal })
})

app.post('/news', { body: News }, ({ body }) => {
  const { offset } = news.publish(body)
  return { offset, followers: news.followers }
})

await app.listen()
