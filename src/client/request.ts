/** What may be said of a request: options, inputs, hooks. */
import type { RetryPolicy } from './retry.ts'
import type { UploadProgress } from './upload.ts'

/** A request that is about to be sent. Hooks may change its address and its headers. */
export interface ClientRequest {
  readonly method: string
  /** The path as it was declared, for example `/items/:id`. */
  readonly path: string
  url: string
  readonly headers: Headers
  readonly signal: AbortSignal
}

/** A request that is going to be sent again. */
export interface Retrying {
  /** From 1 on. */
  readonly attempt: number
  readonly delayMs: number
  /** Why: a StreamTruncated, a ReplyError, or what `fetch` rejected with. */
  readonly error: unknown
  /** Where a stream goes on. */
  readonly lastEventId: string | undefined
}

/** Functions around every request. Those of the client come before those of a call. */
export interface Hooks {
  /** Before a request is sent, also before it is sent again: the place for a token. */
  readonly before?: (request: ClientRequest) => void | Promise<void>
  /** When the head of a reply is there, whatever its status. Do not read its body here. */
  readonly after?: (response: Response, request: ClientRequest) => void | Promise<void>
  /** When a call fails for good, with what it throws. */
  readonly onError?: (error: unknown, request: ClientRequest) => void | Promise<void>
  /** When a request is about to be sent again. */
  readonly onRetry?: (retrying: Retrying, request: ClientRequest) => void | Promise<void>
}

/** Options of one call, and, but for `signal` and `onUploadProgress`, those of all calls of a client. */
export interface CallOptions extends Hooks {
  /** Ends the call wherever it is: it throws the signal's reason. */
  readonly signal?: AbortSignal
  /**
   * Media types in order of preference. By default server-sent events come first, because they can be
   * resumed, then whatever the server prefers.
   */
  readonly accept?: string
  /** Tries again what is safe to repeat when nothing or a passing error came back. Default false. */
  readonly retry?: RetryPolicy | false
  /**
   * Goes on with a stream of server-sent events that was cut, behind the last id. Default: five times without
   * getting further, and not for POST and PATCH, which would do again what they have done.
   */
  readonly resume?: RetryPolicy | false
  /** The id to begin behind, as `Last-Event-ID`: from an earlier visit, for example. */
  readonly lastEventId?: string
  /** Asks the server to mark the end of a stream, so that no proxy can hide a cut. Default true. */
  readonly endMark?: boolean
  /** How much of the body has been sent. In browsers this goes by XMLHttpRequest, since `fetch` does not tell. */
  readonly onUploadProgress?: (progress: UploadProgress) => void
  /** The rest of what `fetch` takes: `credentials`, `cache`, `mode`, `redirect` and so on. */
  readonly init?: Omit<RequestInit, 'method' | 'headers' | 'body' | 'signal'>
}

/** What a call sends, without its types. */
export interface Inputs {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, unknown>>
  readonly cookies?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

export type FetchFunction = (request: Request) => Response | Promise<Response>
