import { StreamCancelled } from './lifetime/cancellation.ts'
import { isInstance, propertyOf } from './thrown.ts'

/**
 * Every error Millrace answers with, by its stable code: the status and the title of its problem
 * document (RFC 9457). `docs/errors.md`, the OpenAPI document and the client are checked against it.
 */
export const ERROR_TABLE = {
  BAD_REQUEST: [400, 'Bad request'],
  MALFORMED_TARGET: [400, 'Malformed request target'],
  MALFORMED_QUERY: [400, 'Malformed query string'],
  MALFORMED_BODY: [400, 'Malformed request body'],
  UPLOAD_LENGTH_MISMATCH: [400, 'Inconsistent upload length'],
  UPLOAD_COMPLETE: [400, 'The upload is complete'],
  UNAUTHORIZED: [401, 'Authentication required'],
  FORBIDDEN: [403, 'Forbidden'],
  NOT_FOUND: [404, 'Not found'],
  METHOD_NOT_ALLOWED: [405, 'Method not allowed'],
  NOT_ACCEPTABLE: [406, 'Not acceptable'],
  REQUEST_TIMEOUT: [408, 'Request timeout'],
  BODY_TIMEOUT: [408, 'The request body took too long'],
  CONFLICT: [409, 'Conflict'],
  UPLOAD_OFFSET_MISMATCH: [409, 'Mismatching upload offset'],
  GONE: [410, 'Gone'],
  PRECONDITION_FAILED: [412, 'Precondition failed'],
  BODY_TOO_LARGE: [413, 'Request body too large'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Unsupported media type'],
  RANGE_NOT_SATISFIABLE: [416, 'Range not satisfiable'],
  EXPECTATION_FAILED: [417, 'Expectation failed'],
  VALIDATION_FAILED: [422, 'Validation failed'],
  UPGRADE_REQUIRED: [426, 'Upgrade required'],
  TOO_MANY_REQUESTS: [429, 'Too many requests'],
  TOO_MANY_HEADERS: [431, 'Too many request headers'],
  INTERNAL: [500, 'Internal server error'],
  NOT_IMPLEMENTED: [501, 'Not implemented'],
  UNAVAILABLE: [503, 'Service unavailable'],
  FIRST_ITEM_TIMEOUT: [503, 'The handler took too long'],
  IDLE_TIMEOUT: [503, 'The stream was idle for too long'],
  STALL_TIMEOUT: [503, 'The reader took nothing for too long'],
  TOTAL_TIMEOUT: [503, 'The reply took too long'],
  HTTP_VERSION_NOT_SUPPORTED: [505, 'HTTP version not supported'],
  INSUFFICIENT_STORAGE: [507, 'Insufficient storage'],
} as const satisfies Record<string, readonly [status: number, title: string]>

/** A code of the closed error table. */
export type ErrorCode = keyof typeof ERROR_TABLE

/** One thing that is wrong with an input, and its place. */
export interface InputIssue {
  /** Which input: `params`, `query`, `headers`, `cookies`, `body`, or `item` and `message` in streams. */
  readonly in: string
  /** The path inside that input, as keys and indexes. */
  readonly path: readonly (string | number)[]
  /** What is wrong, in the validator's words. */
  readonly detail: string
}

/** A problem document: RFC 9457, with `code` and `errors` as extensions. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  readonly code: string
  readonly errors?: readonly InputIssue[]
  readonly [extension: string]: unknown
}

export interface HttpErrorOptions {
  /** One sentence for the client: what was wrong and what to do next. Never text of the OS or a driver. */
  readonly detail?: string
  /** A code of your own, UPPER_SNAKE, instead of the table's. */
  readonly code?: string
  /** Headers of the error reply, for example `www-authenticate` or `retry-after`. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Issues with their places, listed under `errors`. */
  readonly errors?: readonly InputIssue[]
  /** More members of the problem document; a `type` among them is a URI of your own. */
  readonly extensions?: Readonly<Record<string, unknown>>
  /** Kept for the log, never sent. */
  readonly cause?: unknown
}

/**
 * A decision to answer with an error: throw it anywhere in a handler, a dependency or a middleware,
 * also in a generator before its first item.
 *
 * @example throw new HttpError(403, { detail: 'Only the owner may delete this.' })
 */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly errors: readonly InputIssue[] | undefined
  readonly extensions: Readonly<Record<string, unknown>> | undefined

  /**
   * @param statusOrCode a status from 400 to 599, or a code of the error table.
   * @throws {RangeError} for a status outside that range, and for a code that is not in the table.
   */
  constructor(statusOrCode: number | ErrorCode, options: HttpErrorOptions = {}) {
    const [status, code, title] = lookUp(statusOrCode)
    super(options.detail ?? title, options.cause === undefined ? undefined : { cause: options.cause })
    this.status = status
    this.code = options.code ?? code
    this.title = title
    this.detail = options.detail
    this.headers = options.headers ?? {}
    this.errors = options.errors
    this.extensions = options.extensions
  }

  /** The document that is sent. */
  toProblem(): Problem {
    return {
      type: 'about:blank',
      ...this.extensions,
      title: this.title,
      status: this.status,
      code: this.code,
      ...(this.detail === undefined ? undefined : { detail: this.detail }),
      ...(this.errors === undefined ? undefined : { errors: this.errors }),
    }
  }
}

function lookUp(statusOrCode: number | ErrorCode): readonly [number, string, string] {
  if (typeof statusOrCode === 'string' && !Object.hasOwn(ERROR_TABLE, statusOrCode))
    throw new RangeError(
      `HttpError takes a code of the error table, not "${statusOrCode as string}". For a code of your own: new HttpError(404, { code: '${statusOrCode as string}' }).`,
    )
  if (typeof statusOrCode === 'string')
    return [ERROR_TABLE[statusOrCode][0], statusOrCode, ERROR_TABLE[statusOrCode][1]]
  if (!Number.isInteger(statusOrCode) || statusOrCode < 400 || statusOrCode > 599) {
    throw new RangeError(
      `HttpError takes a status from 400 to 599, not ${statusOrCode}. Use reply.* for the others.`,
    )
  }
  const known = BY_STATUS.get(statusOrCode)
  return known ?? [statusOrCode, `HTTP_${statusOrCode}`, `Error ${statusOrCode}`]
}

/** The general code comes first in the table where a status has several (400). */
const BY_STATUS: ReadonlyMap<number, readonly [number, string, string]> = new Map(
  Object.entries(ERROR_TABLE)
    .reverse()
    .map(([code, [status, title]]) => [status, [status, code, title]]),
)

/**
 * Millrace was used in a way that cannot work. Thrown while routes are declared or the app starts, and by
 * `reply.*` for values of other types than it takes, never because of what a client has sent.
 */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Turns anything thrown into an error that may be shown: what is not an HttpError says nothing. */
export function toHttpError(thrown: unknown): HttpError {
  if (isInstance(thrown, HttpError)) return isReadable(thrown) ? thrown : new HttpError('INTERNAL')
  if (isInstance(thrown, StreamCancelled) && propertyOf(thrown, 'reason') === 'shutdown')
    return new HttpError('UNAVAILABLE', { detail: thrown.message, cause: thrown })
  return new HttpError('INTERNAL', { cause: thrown })
}

/** Whether it was made by the constructor: `Object.create` and proxies make an HttpError without a status, too. */
function isReadable(error: HttpError): boolean {
  return typeof propertyOf(error, 'status') === 'number' && typeof propertyOf(error, 'headers') === 'object'
}
