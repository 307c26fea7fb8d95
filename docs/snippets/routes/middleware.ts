import { App, type Middleware, text } from 'millrace'

const requestId: Middleware = (context, next) => {
  context.head.set('x-request-id', crypto.randomUUID())
  return next()
}

const timed: Middleware = async (context, next) => {
  const started = performance.now()
  context.after(({ bytes }) => console.log(`${context.path}: ${bytes} bytes`))
  const reply = await next()
  reply.headers['server-timing'] = `handler;dur=${(performance.now() - started).toFixed(1)}`
  return reply
}

const shouting: Middleware = async (_context, next) => {
  const reply = await next()
  return reply.transform(async function* (chunks) {
    for await (const chunk of chunks) yield typeof chunk === 'string' ? chunk.toUpperCase() : chunk
  })
}

const app = new App({ middleware: [requestId, timed] })

app.get('/words', { streams: text, middleware: [shouting] }, async function* ({ sleep }) {
  yield 'one '
  await sleep(50)
  yield 'two'
})

await app.listen()
