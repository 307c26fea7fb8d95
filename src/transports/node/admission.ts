/** Which requests are let in: the checks that come before the app sees a request, and their answers. */
import { HttpError } from '../../core/error.ts'
import type { Clock } from '../../core/lifetime/clock.ts'
import type { Logger } from '../../core/logger.ts'
import { authorityProblem } from './authority.ts'
import { type AnyMessage, isHttp2, isSpoken } from './message.ts'
import type { ServerLimits } from './limit.ts'

/** How long a client is asked to stay away that came when the server was full, in seconds. */
const RETRY_AFTER_S = 1
/** How often it is logged that a limit was reached, in milliseconds. */
const LOG_EVERY_MS = 60_000
/** What is logged when a limit is reached. */
const REACHED = {
  connections: 'The server is full: raise `limits.connections` of listen, or add servers.',
  requests: 'The server is full: raise `limits.requests` of listen, or add servers.',
  pipelined:
    'A client pipelined too many requests: those above the limit have to be sent again. Raise `limits.pipelined` of listen if it may.',
  bodyBytes:
    'Requests of one HTTP/2 connection wait until others with large bodies have ended. Raise `limits.bodyBytes` of listen if a proxy sends the requests of many clients over one connection.',
}

export class Admission {
  readonly #limits: ServerLimits
  readonly #log: Logger
  readonly #clock: Clock
  readonly #loggedAt = new Map<string, number>()

  constructor(limits: ServerLimits, log: Logger, clock: Clock) {
    this.#limits = limits
    this.#log = log
    this.#clock = clock
  }

  /**
   * @param underWay requests that were let in and have not ended.
   * @returns the error that answers a request, undefined for one that may come in.
   */
  refusal(message: AnyMessage, underWay: number): HttpError | undefined {
    // Node's HTTP/2 has a limit of its own (limit.ts).
    if (!isHttp2(message)) {
      if (!isSpoken(message)) return versionNotSupported()
      if (message.headers['transfer-encoding'] === '') return codingMissing()
      if (message.rawHeaders.length > this.#limits.headers * 2) return tooManyHeaders(this.#limits.headers)
    }
    const problem = authorityProblem(message)
    if (problem !== undefined) return problem
    if (underWay < this.#limits.requests) return undefined
    this.tell('requests')
    const headers = { connection: 'close', 'retry-after': String(RETRY_AFTER_S) }
    return new HttpError('UNAVAILABLE', { detail: 'The server is full. Try again later.', headers })
  }

  /** Logs that a limit was reached, each at most once a minute. */
  tell(limit: keyof typeof REACHED): void {
    const now = this.#clock.now()
    if (now - (this.#loggedAt.get(limit) ?? -Infinity) < LOG_EVERY_MS) return
    this.#loggedAt.set(limit, now)
    this.#log.warn({ limit: this.#limits[limit] }, REACHED[limit])
  }
}

/** RFC 9110 section 15.6.6. */
function versionNotSupported(): HttpError {
  const detail = 'This connection speaks HTTP/1.1. HTTP/2 begins with its own preface, or with ALPN over TLS.'
  return new HttpError('HTTP_VERSION_NOT_SUPPORTED', { detail, headers: { connection: 'close' } })
}

/**
 * RFC 9112 section 6.1: a body of a coding that is not named has an end that nobody knows. Node 22 and newer refuse
 * it by themselves.
 */
function codingMissing(): HttpError {
  const detail = 'The Transfer-Encoding field names no coding. Leave it out, or send chunked.'
  return new HttpError('BAD_REQUEST', { detail, headers: { connection: 'close' } })
}

/** RFC 9110 section 10.1.1: the only expectation is 100-continue. */
export function expectationFailed(): HttpError {
  const detail = 'The only expectation that is met is 100-continue. Leave the Expect header out.'
  return new HttpError('EXPECTATION_FAILED', { detail })
}

function tooManyHeaders(most: number): HttpError {
  const detail = `A request may have at most ${most} header fields.`
  return new HttpError('TOO_MANY_HEADERS', { detail, headers: { connection: 'close' } })
}
