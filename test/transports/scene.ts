/** An app on a port, and bare sockets to it. */
import type { App } from 'millrace'
import { afterEach } from 'vitest'
import { RawConnection, type RawReply } from '../contract/raw-client.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Listens. Returns what opens a connection. */
export async function start(app: App): Promise<() => Promise<RawConnection>> {
  const { port } = await app.listen({ port: 0 })
  cleanups.push(() => app.close({ grace: 500 }))
  return async () => {
    const connection = await RawConnection.open(port)
    cleanups.push(() => connection.destroy())
    return connection
  }
}

export async function readText(got: RawReply): Promise<string> {
  const pieces: Buffer[] = []
  for (let piece = await got.bytes(); piece !== undefined; piece = await got.bytes()) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}
