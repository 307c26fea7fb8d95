/** Node's responses, as all that is sent sees them: HTTP/1.1 and HTTP/2 are told apart below it. */
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { Reply } from '../../core/reply/reply.ts'
import type { Chunk } from '../../core/reply/source.ts'

/** A response being written. */
export interface NodeResponse {
  readonly raw: ServerResponse | Http2ServerResponse
  /** Whether there is nobody left to write to. */
  readonly gone: boolean
  /** Whether everything was handed over to the system. */
  readonly finished: boolean
  /** How many bytes of the write under way the system has yet to take; undefined where that is not known. */
  readonly backlog: number | undefined
  /** Sends an interim reply (RFC 9110 section 15.2), unless the reply has begun. */
  inform(status: number, headers: Readonly<Record<string, string>>): void
  /** Says in the head how long the connection may rest, where that is so and the protocol has a word for it. */
  keepAlive(reply: Reply, timeout: string): void
  writeHead(reply: Reply): void
  flushHead(): void
  /**
   * @param bytes how many the chunk has, in UTF-8.
   * @returns false when it wants no more until it says `drain`.
   */
  write(chunk: Chunk, bytes: number): boolean
  /**
   * Writes now, not at the end of the turn. Returns whether the system has taken all of it already;
   * `done` is called in any case. The chunk's memory must not be changed before that.
   */
  writeThrough(chunk: Uint8Array, done: (error?: Error | null) => void): boolean
  /** @param bytes how many the chunk has, in UTF-8. */
  end(chunk?: Chunk, bytes?: number): void
  /** Ends abnormally once what was written has left. */
  cut(): void
  /** Ends abnormally at once. */
  destroy(): void
  /** Takes no more of the request, whose reply is out. */
  refuseRest(): void
  on(event: 'drain' | 'finish' | 'close', listener: () => void): void
  /** To be called before a body that takes its time: what goes wrong with it cuts it. */
  guard(): void
}

/** A body under way, as shutdown sees it. */
export interface Sending {
  /** Whether the body has no known length, so that nobody can wait for its end. */
  readonly endless: boolean
  /** Sends the reader away, as gently as the format allows. */
  stop(): void
  /** Cuts the body at once. */
  cut(reason: 'shutdown'): void
  /** Settles when what was sent is let go of, for bodies that are so only some time after their end. */
  readonly released?: Promise<void>
}
