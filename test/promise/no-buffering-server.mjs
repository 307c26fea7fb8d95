/**
 * Streams whose items say when they were yielded, through ten middlewares and with a log. With `bare`
 * it is node:http and a write, and nothing else.
 */
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { App, jsonl, sse, text } from 'millrace'

const now = () => `<${(Number(process.hrtime.bigint()) / 1e6).toFixed(4)}>`

async function* items({ params }) {
  for (let i = 0; i < Number(params.count); i++) {
    await wait(1 + (i % 3))
    yield now()
  }
}

const log = (line) => appendFileSync('/dev/null', `${JSON.stringify(line)}\n`)
const logged = {
  head: (request, status) => log({ ...request, status }),
  end: (request, ending) => log({ ...request, ...ending }),
  error: (request, error) => log({ ...request, error: String(error) }),
}

/** As many kinds of middleware as people write: session, CORS, request id, timing, a guard that waits. */
const middleware = Array.from({ length: 10 }, (_, i) => async (context, next) => {
  if (i % 3 === 0) await wait(0)
  const reply = await next()
  reply.headers[`x-middleware-${i}`] = String(i)
  context.after(({ outcome }) => log({ i, outcome }))
  return reply
})

/** A log line for every chunk, on the way through. */
const logging = async (_, next) =>
  (await next()).transform(async function* (chunks) {
    for await (const chunk of chunks) {
      log({ bytes: chunk.length })
      yield chunk
    }
  })

/** What compression and logging middlewares of other houses do: they wait until there is enough. */
const buffering = async (_, next) =>
  (await next()).transform(async function* (chunks) {
    let held = ''
    for await (const chunk of chunks) {
      held += chunk
      if (held.length < 1024) continue
      yield held
      held = ''
    }
    yield held
  })

const app = new App({ middleware, observers: [logged], compress: { events: true } })
app.get('/text/:count', { streams: text }, items)
app.get('/jsonl/:count', { streams: jsonl() }, items)
app.get('/sse/:count', { streams: sse() }, items)
app.get('/transformed/:count', { streams: text, middleware: [logging, logging] }, items)
app.get('/buffered/:count', { streams: text, middleware: [buffering] }, items)

async function startMillrace() {
  const options = { port: 0, signals: false }
  const [http1, http2] = [await app.listen(options), await app.listen({ ...options, http2: true })]
  return { http1: http1.port, http2: http2.port }
}

async function startBare() {
  const server = createServer(async (request, response) => {
    for await (const item of items({ params: { count: request.url.slice(1) } })) response.write(item)
    response.end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { http1: server.address().port, http2: 0 }
}

process.send(await (process.argv[2] === 'bare' ? startBare() : startMillrace()))
