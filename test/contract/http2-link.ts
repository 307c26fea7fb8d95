/** HTTP/2, with and without TLS, and the HTTP/1.1 that shares a port with it. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import { connect as connectTls } from 'node:tls'
import type { App } from 'millrace'
import { certificate } from './certificate.ts'
import { type Connect, type LinkReply, type LinkRequest, rawLink, toLinkReply } from './link.ts'
import { CutError, RawConnection } from './raw-client.ts'

/** So large that a stream that is not read holds up no other one. */
const CONNECTION_WINDOW = 64 * 1024 * 1024

export async function openSession(port: number, tls: boolean): Promise<ClientHttp2Session> {
  const session = tls
    ? connect(`https://localhost:${port}`, { ca: certificate().cert, ALPNProtocols: ['h2'] })
    : connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  await new Promise((resolve, reject) => session.once('connect', resolve).once('error', reject))
  session.setLocalWindowSize(CONNECTION_WINDOW)
  return session
}

/** One connection for all requests of a link, a new one when the server has closed it. */
const http2Link =
  (tls: boolean): Connect =>
  async (app) => {
    const { port } = await listen(app, tls)
    const sessions: ClientHttp2Session[] = []
    return {
      async request(method, target, request = {}) {
        let session = sessions.at(-1)
        if (session === undefined || session.closed || session.destroyed)
          sessions.push((session = await openSession(port, tls)))
        return requestHttp2(session, method, target, request)
      },
      async close() {
        for (const session of sessions) session.destroy()
        await app.close({ grace: 2000 })
      },
    }
  }

const listen = (app: App, tls: boolean) =>
  app.listen({ port: 0, signals: false, ...(tls ? { tls: certificate() } : { http2: true }) })

export const cleartextHttp2Link = http2Link(false)
export const tlsHttp2Link = http2Link(true)

/** HTTP/1.1 through TLS on the port that speaks HTTP/2 as well; every request has a connection of its own. */
export const tlsHttp1Link: Connect = async (app) => {
  const { port } = await listen(app, true)
  return rawLink(app, () => openTls(port))
}

/** HTTP/1.1 over TLS. */
export function openTls(port: number): Promise<RawConnection> {
  return RawConnection.over(
    connectTls({ port, host: 'localhost', ca: certificate().cert, ALPNProtocols: ['http/1.1'] }),
  )
}

/** One request on a session. Resolves with the head; rejects when the stream ended before it. */
export async function requestHttp2(
  session: ClientHttp2Session,
  method: string,
  target: string,
  { headers = {}, body, signal }: LinkRequest = {},
): Promise<LinkReply> {
  const whole = typeof body === 'string' ? Buffer.from(body) : body
  const fields: Record<string, string> = { ':method': method, ':path': target, ...headers }
  if (whole instanceof Uint8Array) fields['content-length'] ??= String(whole.byteLength)
  const stream = session.request(fields, { endStream: whole === undefined, ...(signal && { signal }) })
  const pieces = new StreamReader(stream)
  if (whole instanceof Uint8Array) stream.end(whole)
  else if (whole !== undefined) void sendPieces(stream, whole)
  const received = await pieces.head
  return toLinkReply({
    status: Number(received[':status']),
    headers: received,
    next: () => pieces.next(),
    disconnect: () => stream.close(constants.NGHTTP2_CANCEL),
  })
}

async function sendPieces(stream: ClientHttp2Stream, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of body) {
    if (!stream.writable) return
    stream.write(piece)
  }
  stream.end()
}

/** Reads a stream piece by piece. Node calls the end of a reset stream an end; here it is a cut. */
class StreamReader {
  readonly head: Promise<IncomingHttpHeaders>
  readonly #stream: ClientHttp2Stream
  #closed = false
  #wake = () => {}

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream
    for (const event of ['readable', 'end', 'close']) stream.on(event, () => this.#wake())
    // A close follows, with a code.
    stream.on('error', () => {})
    this.head = new Promise((resolve, reject) => {
      stream.once('response', resolve)
      stream.once('close', () => {
        this.#closed = true
        this.#wake()
        reject(new CutError(`The stream was reset before its head: ${stream.rstCode}`))
      })
    })
  }

  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const piece = this.#stream.read() as Buffer | null
      if (piece !== null) return piece
      if (this.#closed) {
        if (this.#stream.rstCode === constants.NGHTTP2_NO_ERROR) return undefined
        throw new CutError(`The stream was reset: ${this.#stream.rstCode}`)
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
