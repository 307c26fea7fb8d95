import { createHash } from 'node:crypto'
import { App, text } from 'millrace'

const app = new App()

app.get('/export', { streams: text('text/csv') }, async function* ({ head }) {
  const hash = createHash('sha256')
  const startedAt = performance.now()
  head.trailer('content-digest', () => `sha-256=:${hash.digest('base64')}:`)
  head.trailer('server-timing', () => `rows;dur=${(performance.now() - startedAt).toFixed(1)}`)
  for (let n = 1; n <= 1000; n++) {
    const row = `${n},${n * n}\n`
    hash.update(row)
    yield row
  }
})

await app.listen()
