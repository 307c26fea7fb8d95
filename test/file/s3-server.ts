/** A small server that answers like an object store: HEAD, GET with Range and If-Match, and a signature. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface StoredObject {
  bytes: Buffer
  headers?: Record<string, string>
}

export interface S3Server {
  readonly url: string
  readonly objects: Map<string, StoredObject>
  /** Every request, as `GET bytes=0- status`. */
  readonly seen: string[]
  /** Bytes of bodies that were taken by their reader. */
  sent: number
  /** Responses that are open. */
  open: number
  /** Requests without this `authorization` are refused. */
  secret: string | undefined
  /** Called before each piece; the connection breaks when it says false. */
  onPiece: () => boolean
  close(): Promise<void>
}

const PIECE = 64 * 1024

export async function startS3(): Promise<S3Server> {
  const server = createServer((request, response) => {
    const { method = '', headers } = request
    const object = store.objects.get(request.url ?? '')
    const etag = object && `"${createHash('md5').update(object.bytes).digest('hex')}"`
    const answer = (status: number, more: Record<string, string> = {}) => {
      store.seen.push(`${method} ${headers.range ?? '-'} ${status}`)
      response.writeHead(status, { 'accept-ranges': 'bytes', ...more })
    }
    const refused =
      store.secret !== undefined && headers.authorization !== store.secret
        ? 403
        : object === undefined
          ? 404
          : headers['if-match'] !== undefined && headers['if-match'] !== etag
            ? 412
            : undefined
    if (refused !== undefined) {
      answer(refused)
      return void response.end(method === 'HEAD' ? undefined : '<Error>bucket internals</Error>')
    }
    const { bytes } = object!
    const own = { etag: etag!, 'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT', ...object!.headers }
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '')
    const first = Number(range?.[1] ?? 0)
    const last = range?.[2] ? Math.min(Number(range[2]), bytes.length - 1) : bytes.length - 1
    if (range !== null && first >= bytes.length) {
      answer(416)
      return void response.end()
    }
    answer(range === null ? 200 : 206, {
      ...own,
      'content-length': String(last - first + 1),
      ...(range === null ? {} : { 'content-range': `bytes ${first}-${last}/${bytes.length}` }),
    })
    if (method === 'HEAD') return void response.end()
    store.open++
    response.on('close', () => store.open--)
    const send = (at: number): void => {
      if (response.destroyed) return
      if (at > last) return void response.end()
      if (!store.onPiece()) return void response.destroy()
      const piece = bytes.subarray(at, Math.min(at + PIECE, last + 1))
      response.write(piece, () => {
        store.sent += piece.length
        setImmediate(send, at + PIECE)
      })
    }
    send(first)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const store: S3Server = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects: new Map(),
    seen: [],
    sent: 0,
    open: 0,
    secret: undefined,
    onPiece: () => true,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return store
}
