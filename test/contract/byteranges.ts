/** Reads a `multipart/byteranges` body with a parser that is not ours. */
import { createRequire } from 'node:module'
import type { Readable, Writable } from 'node:stream'

export interface BodyPart {
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

type DicerPart = Readable & {
  on(event: 'header', listener: (header: Record<string, string[]>) => void): void
}

/** The multipart parser inside of busboy, which leaves the meaning of the parts to others. */
const Dicer = createRequire(import.meta.url)('@fastify/busboy/deps/dicer/lib/Dicer.js') as new (options: {
  boundary: string
}) => Writable & { on(event: 'part', listener: (part: DicerPart) => void): void }

export function parseByteranges(body: string, contentType: string): Promise<BodyPart[]> {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)![1]!
  const parts: { headers: Record<string, string>; text: string }[] = []
  return new Promise((resolve, reject) => {
    const dicer = new Dicer({ boundary })
    dicer.on('part', (part) => {
      const read = { headers: {} as Record<string, string>, text: '' }
      parts.push(read)
      part.on('header', (header) => {
        for (const [name, values] of Object.entries(header)) read.headers[name] = values.join()
      })
      part.on('data', (piece: Buffer) => (read.text += piece.toString()))
    })
    dicer.on('finish', () => resolve(parts))
    dicer.on('error', reject)
    dicer.end(body)
  })
}
