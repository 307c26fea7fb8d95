/**
 * One server that takes uploads, in the way its first argument says, into the directory of its second. It tells its
 * port, then answers `measure` with what it has used since the last one.
 */
import { createWriteStream } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { App, bytes, file, multipart } from 'millrace'

const [kind = 'millrace', directory = '.'] = process.argv.slice(2)
const TiB = 1024 ** 4
const path = join(directory, `${kind}.bin`)

const servers = {
  /** What the goal is measured by: no parsing, no limit, no cleanup. */
  async node() {
    const server = createServer((request, response) => {
      request.pipe(createWriteStream(path)).on('finish', () => response.end('ok'))
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
    return /** @type {import('node:net').AddressInfo} */ (server.address()).port
  },
  async millrace() {
    const app = new App()
    app.post('/', { body: multipart({ f: file({ maxBytes: TiB }) }) }, async ({ body }) => {
      for await (const part of body) if (part.kind === 'file') await part.saveTo(path)
      return 'ok'
    })
    return (await app.listen({ port: 0, signals: false })).port
  },
  async 'millrace-raw'() {
    const app = new App()
    app.post('/', { body: bytes(), bodyLimit: TiB }, async ({ body }) => {
      await body.saveTo(path)
      return 'ok'
    })
    return (await app.listen({ port: 0, signals: false })).port
  },
  /** What the memory test has to find: the whole file in memory before it is written. */
  async buffering() {
    const app = new App()
    app.post('/', { body: multipart({ f: file({ maxBytes: TiB }) }) }, async ({ body }) => {
      for await (const part of body) if (part.kind === 'file') await part.bytes()
      return 'ok'
    })
    return (await app.listen({ port: 0, signals: false })).port
  },
}

const start = servers[/** @type {keyof typeof servers} */ (kind)]
let peak = 0
let base = 0
let cpu = process.cpuUsage()
setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20).unref()

process.on('message', (message) => {
  if (message === 'reset') {
    globalThis.gc?.()
    base = peak = process.memoryUsage.rss()
    cpu = process.cpuUsage()
    return process.send?.({})
  }
  const { user, system } = process.cpuUsage(cpu)
  process.send?.({ grownBytes: peak - base, cpuSeconds: (user + system) / 1e6 })
})
process.send?.({ port: await start() })
