import { App, dependency, text } from 'millrace'

const pool = dependency({ scope: 'app' }, async function* () {
  console.log('pool opened')
  yield 'pool'
  console.log('pool closed')
})

const session = dependency({ use: { pool } }, function* () {
  console.log('session opened')
  yield 'session'
  console.log('session closed')
})

const lock = dependency({ scope: 'handler' }, function* () {
  yield 'lock'
  console.log('lock released')
})

export const app = new App()

app.get('/lines', { use: { session, lock }, streams: text }, async function* ({ after }) {
  after(() => console.log('after'))
  yield 'line\n'
  console.log('handler done')
})

await app.listen()
