// A server that is as bad as it can be: the measurements have to see it. Run by child.ts.
import './gauge.mjs'
import http from 'node:http'

const kept = []
const MIB = 1024 * 1024
/** Of work, not of time: a busy machine would do little of it in that. */
const BLOCK_US = 200_000

const server = http.createServer((request, response) => {
  request.resume()
  if (request.url === '/end') process.exit(1)
  if (request.url === '/keep') kept.push(Buffer.alloc(64 * MIB, 1))
  if (request.url === '/block')
    for (const from = process.cpuUsage(); process.cpuUsage(from).user < BLOCK_US;);
  response.end('{}')
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  process.send({ ports: { http1: port, http2: port, tls: port } })
})
