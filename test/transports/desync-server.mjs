// A server that tells whether a smuggled request has arrived. Run by desync.test.ts.
import { App } from 'millrace'

const { tls } = JSON.parse(process.argv[2])
const nothing = () => {}
const app = new App({ log: { debug: nothing, info: nothing, warn: nothing, error: nothing } })
let smuggled = 0
for (const method of ['GET', 'POST', 'DELETE']) {
  app.route(method, '/', async ({ body }) => `read ${(await body.bytes()).byteLength}`)
  app.route(method, '/unread', () => 'unread')
}
app.get('/smuggled', () => {
  smuggled++
  return 'smuggled'
})
app.get('/honest', () => 'honest')

const doors = { http1: {}, tls: { tls } }
const ports = {}
for (const [door, options] of Object.entries(doors))
  ports[door] = (await app.listen({ port: 0, signals: false, ...options })).port
process.on('message', ({ id }) => {
  process.send({ id, answer: smuggled })
  smuggled = 0
})
process.on('disconnect', () => process.exit(0))
process.send({ ports })
