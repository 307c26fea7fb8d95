/** A server of one large file, which tells its resident memory: ours, or one that reads a MiB for each reader. */
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'

const [mode, file] = process.argv.slice(2)

async function startMillrace() {
  const { App, reply } = await import('millrace')
  const app = new App()
  app.get('/', () => reply.file(file))
  return (await app.listen({ port: 0, signals: false })).port
}

async function startNaive() {
  const server = createServer((_, response) => {
    createReadStream(file, { highWaterMark: 1024 * 1024 })
      .on('error', () => {})
      .pipe(response)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.address().port
}

const port = await (mode === 'naive' ? startNaive() : startMillrace())
process.on('message', () => process.send(process.memoryUsage().rss))
process.on('disconnect', () => process.exit(0))
process.send(port)
