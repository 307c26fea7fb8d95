import { type SerializeOptions, serialize } from 'cookie'
import { type ReplyHeaders, setHeader } from './reply.ts'
import { assertTrailer, type TrailerValue } from './trailer.ts'

/**
 * The head of the reply to come, as handlers, dependencies and middleware see it: status and headers
 * may be set until the first item leaves. What is set here has the last word over the reply's own
 * headers, and stays on an error reply too (CORS, request ids), content headers excepted.
 */
export class Head {
  #status: number | undefined
  #headers: ReplyHeaders = {}
  #trailers: Map<string, TrailerValue> | undefined
  #sent = false

  /** The status to send, undefined while the reply's own counts. */
  get status(): number | undefined {
    return this.#status
  }

  set status(status: number) {
    this.#assertOpen()
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`A reply takes a status from 200 to 599, not ${status}.`)
    }
    this.#status = status
  }

  /** Whether the head has left. Setting anything after that throws. */
  get sent(): boolean {
    return this.#sent
  }

  /** What was set so far, by lower-case name. */
  get headers(): Readonly<ReplyHeaders> {
    return this.#headers
  }

  /** The trailers that were set so far, by lower-case name; undefined while there are none. */
  get trailers(): ReadonlyMap<string, TrailerValue> | undefined {
    return this.#trailers
  }

  /**
   * Sets a header; a list is sent as repeated fields.
   *
   * @throws {TypeError} for a name or value that could not be sent safely.
   */
  set(name: string, value: string | readonly string[]): this {
    this.#assertOpen()
    setHeader(this.#headers, name, value)
    return this
  }

  /** Adds a value to a header that may be repeated. */
  append(name: string, value: string): this {
    const present = this.#headers[name.toLowerCase()]
    const values = present === undefined ? [] : typeof present === 'string' ? [present] : present
    return this.set(name, [...values, value])
  }

  /**
   * Sets a trailer: a field that follows the body of a stream (RFC 9110 section 6.5), announced by a `Trailer`
   * header. It is sent when the stream's source has ended by itself, over HTTP/1.1 and HTTP/2. Bodies with a
   * known length, HEAD, HTTP/1.0 and fetch runtimes have no trailers, and many clients do not read them: do
   * not send what they need.
   *
   * @param value a string, or a function that is called when the body has ended; undefined sends none. What it
   *   throws is logged.
   * @throws {TypeError} for a name or value that could not be sent safely, and for fields that must come
   *   before the body.
   */
  trailer(name: string, value: string | (() => string | undefined)): this {
    this.#assertOpen()
    assertTrailer(name, value)
    this.#trailers ??= new Map()
    this.#trailers.set(name.toLowerCase(), value)
    return this
  }

  /**
   * Sets a cookie (RFC 6265). Default attributes: `Path=/`, `HttpOnly`, `SameSite=Lax`.
   *
   * @throws {TypeError} for a name or value that a cookie cannot hold.
   */
  cookie(name: string, value: string, options?: SerializeOptions): this {
    return this.append(
      'set-cookie',
      serialize(name, value, { path: '/', httpOnly: true, sameSite: 'lax', ...options }),
    )
  }

  /** Closes the head: it is about to leave. */
  markSent(): void {
    this.#sent = true
  }

  #assertOpen(): void {
    if (this.#sent)
      throw new Error('The head has been sent already. Set status and headers before the first yield.')
  }
}
