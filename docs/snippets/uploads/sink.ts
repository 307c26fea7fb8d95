import { App, file, multipart, type Sink } from 'millrace'

const app = new App()
const bucket = new Map<string, Uint8Array>()

// What an object store's client would do: parts while they come, and one call that makes them an object.
function bucketSink(key: string): Sink {
  const parts: Uint8Array[] = []
  return {
    write: (part) => void parts.push(part),
    close: () => void bucket.set(key, Buffer.concat(parts)),
    abort: () => void (parts.length = 0),
  }
}

app.post('/objects', { body: multipart({ object: file() }) }, async ({ body }) => {
  for await (const part of body) if (part.kind === 'file') await part.saveTo(bucketSink(part.filename))
  return [...bucket.keys()]
})

await app.listen()
