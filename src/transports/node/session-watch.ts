/** Watches over sessions of HTTP/2: one that rests too long is sent away, one that broke is closed. */
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { callback, on, once } from './callback.ts'
import { hasStoppedReading, releaseWrite } from './node-internal.ts'
import { freeBeforeSession, outliveConnection } from './session-order.ts'
import { streamOf } from './tls-stream.ts'

/** How long a connection that was told to go may take. */
const LEAVING_MS = 1000
/** How often sessions are looked at. */
const LOOK_MS = 200

export class SessionWatch {
  readonly #restMs: number
  readonly #sessions = new Map<ServerHttp2Session, SessionRest>()
  #timer: ReturnType<typeof setInterval> | undefined

  /** @param restMs how long a session may be without a request, in milliseconds; 0 for ever. */
  constructor(restMs: number) {
    this.#restMs = restMs
  }

  get sessions(): IterableIterator<ServerHttp2Session> {
    return this.#sessions.keys()
  }

  /** @param connection what the session is on; Node tells of it no more once the session is destroyed. */
  add(session: ServerHttp2Session, connection: Socket): void {
    const rest = new SessionRest(session, connection, this.#restMs)
    outliveConnection(session, connection)
    this.#sessions.set(session, rest)
    once(connection, 'close', () => {
      rest.stop()
      this.#sessions.delete(session)
      if (this.#sessions.size === 0) this.#stop()
    })
    this.#timer ??= setInterval(
      callback(() => this.#look()),
      LOOK_MS,
    ).unref()
  }

  /** Whether no request of this session is under way. */
  isIdle(session: ServerHttp2Session): boolean {
    return this.#sessions.get(session)?.isIdle ?? true
  }

  /** Its streams close with it, and so their handlers are cancelled. */
  #look(): void {
    for (const [session, rest] of this.#sessions) {
      const stream = session.destroyed ? undefined : streamOf(session.socket)
      if (stream?.hasStopped ?? hasStoppedReading(session)) session.destroy()
      else if (!rest.isUnmoved()) continue
      else if (stream === undefined) releaseWrite(session)
      else stream.release()
    }
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

/**
 * The head's limit over HTTP/2, where Node has none: a connection that has had no request under way for
 * that long is told to go. So is one that never began, and one that stopped in the middle of a head.
 */
class SessionRest {
  readonly #connection: Socket
  readonly #timer: ReturnType<typeof setTimeout> | undefined
  #open = 0
  /** The bytes that had passed when it was last looked at. */
  #bytes = -1

  constructor(session: ServerHttp2Session, connection: Socket, ms: number) {
    this.#connection = connection
    if (ms > 0) {
      const go = callback(() => this.isIdle && leave(session), session)
      this.#timer = setTimeout(go, ms)
    }
    on(session, 'stream', (stream: ServerHttp2Stream) => {
      this.#open++
      freeBeforeSession(stream, session)
      once(stream, 'close', () => {
        if (--this.#open === 0 && !session.closed) this.#timer?.refresh()
      })
    })
  }

  /**
   * Ends the watch. Node may not tell of the end of a session: one that broke, and whose client has reset the
   * connection, is never done with its last write.
   */
  stop(): void {
    clearTimeout(this.#timer)
  }

  get isIdle(): boolean {
    return this.#open === 0
  }

  /** Whether nothing has passed over the connection since this was last asked. */
  isUnmoved(): boolean {
    const bytes = this.#connection.bytesRead + this.#connection.bytesWritten
    const isUnmoved = bytes === this.#bytes
    this.#bytes = bytes
    return isUnmoved
  }
}

function leave(session: ServerHttp2Session): void {
  session.close()
  const timer = setTimeout(
    callback(() => session.destroy(), session),
    LEAVING_MS,
  )
  once(session, 'close', () => clearTimeout(timer))
}
