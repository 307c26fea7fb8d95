/** Runs the cluster of docs/deployment.md, told what to do by its parent. */
import { createServer } from 'node:net'
import { pathToFileURL } from 'node:url'

const [primary, worker, count] = process.argv.slice(2)
const { supervise } = await import(pathToFileURL(primary).href)

// Workers share the port that the first of them is given, so it has to be a number.
const probe = createServer().listen(0, '127.0.0.1')
await new Promise((resolve) => probe.once('listening', resolve))
const { port } = probe.address()
await new Promise((resolve) => probe.close(resolve))

process.env.PORT = String(port)
process.env.VERSION = 'v1'
const cluster = await supervise(worker, Number(count))
const others = await import('node:cluster')
process.on('message', async ({ what, env = {} }) => {
  Object.assign(process.env, env)
  try {
    if (what === 'kill')
      for (const each of Object.values(others.default.workers)) each.process.kill('SIGKILL')
    else await cluster[what]()
    process.send({ done: what })
  } catch (error) {
    process.send({ failed: String(error) })
  }
  if (what === 'close') process.disconnect()
})
process.send({ port })
