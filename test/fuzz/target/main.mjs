/**
 * The server under test, in a process of its own. Run with --expose-gc and asked over IPC: `look`, `census`, `close`.
 * Listens three times: HTTP/1.1, HTTP/2 with prior knowledge, and TLS with both.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { createApp } from './app.mjs'
import { faultOf } from './fault.mjs'
import { census, look, watchLoop } from './live.mjs'

/** How long what belongs to an upload may stay, in milliseconds; then it is as good as forgotten. */
const UPLOAD_MS = 4000

const { key, cert, fault } = JSON.parse(process.env['MILLRACE_FUZZ'])
const root = mkdtempSync(join(tmpdir(), 'millrace-fuzz-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))
const place = {
  public: join(root, 'public'),
  saved: join(root, 'saved'),
  incoming: join(root, 'incoming'),
  file: join(root, 'public/file.txt'),
}
for (const folder of [place.public, place.saved, place.incoming]) mkdirSync(folder)
writeFileSync(place.file, 'a line of the file\n'.repeat(5000))
writeFileSync(join(place.public, 'index.html'), '<p>index</p>'.repeat(200))
writeFileSync(join(place.public, 'index.html.gz'), gzipSync('<p>index</p>'.repeat(200)))

/** Somewhere to connect to, for the fault that keeps connections. */
const sink = fault === 'connection' ? createServer().listen(0, '127.0.0.1') : undefined
const scene = {
  place,
  get port() {
    return sink.address().port
  },
}
const app = createApp(place, faultOf(fault, scene))
const options = { port: 0, signals: false, keepAlive: 600, pingInterval: 500, grace: 1000 }
const plain = await app.listen(options)
const http2 = await app.listen({ ...options, http2: true })
const tls = await app.listen({ ...options, tls: { key, cert } })

/** Uploads stay until they expire; the store looks for those once a minute, which no run waits for. */
function forgetUploads() {
  for (const name of readdirSync(place.incoming)) {
    const path = join(place.incoming, name)
    if (Date.now() - statSync(path).mtimeMs > UPLOAD_MS) rmSync(path)
  }
}

const ANSWERS = {
  look: () => look(),
  census: () => {
    forgetUploads()
    return census([place.saved])
  },
  close: async () => {
    await app.close({ grace: 500 })
    // Nothing may keep the process alive now.
    process.disconnect()
    return undefined
  },
}

process.on('message', async ({ id, ask }) => {
  const answer = await ANSWERS[ask]()
  if (process.connected) process.send({ id, answer })
})
process.on('disconnect', () => setTimeout(() => process.exit(3), 5000).unref())
process.on('uncaughtExceptionMonitor', (error) => console.error(`DIED ${error?.stack ?? error}`))
watchLoop()
process.send({ id: 0, answer: { plain: plain.port, http2: http2.port, tls: tls.port } })
