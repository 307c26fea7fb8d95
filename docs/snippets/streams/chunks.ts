import { open } from 'node:fs/promises'
import { App, bytes } from 'millrace'

const app = new App()

app.get('/log', { streams: bytes('text/plain') }, async function* () {
  const file = await open('big.log')
  try {
    for (;;) {
      // A new buffer for each read: what was yielded is not ours any more.
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(64 * 1024))
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
})

await app.listen()
