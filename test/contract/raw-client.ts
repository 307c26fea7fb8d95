/**
 * HTTP/1.1 over a bare socket. Unlike a library it can tell a body that ended from one that was cut,
 * it reads only when it is asked to (so it can stall), and it sends whatever it is told to.
 */
import { connect, type Socket } from 'node:net'

/** The body did not end: the connection did. */
export class CutError extends Error {
  override readonly name = 'CutError'
}

export interface RawRequest {
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes go with their length, an iterable as chunks. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined
  readonly version?: '1.0' | '1.1'
}

export class RawConnection {
  readonly socket: Socket
  #bytes: Buffer = Buffer.alloc(0)
  #ended = false
  #failure: Error | undefined
  #wake = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('readable', () => this.#wake())
    socket.on('end', () => this.#end(undefined))
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(undefined))
  }

  static open(port: number): Promise<RawConnection> {
    return RawConnection.over(connect(port, '127.0.0.1'))
  }

  /** Over a socket that is about to connect. */
  static over(socket: Socket): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawConnection(socket))
      })
    })
  }

  #end(error: Error | undefined): void {
    this.#ended = true
    this.#failure ??= error
    this.#wake()
  }

  /** Writes as it is. */
  send(text: string | Uint8Array): void {
    this.socket.write(text)
  }

  /** Sends one request and gives its reply as soon as the head is there. */
  async request(method: string, target: string, request: RawRequest = {}): Promise<RawReply> {
    await this.write(method, target, request)
    return this.reply(method)
  }

  /** Sends a request without waiting for anything but its own body. */
  async write(method: string, target: string, request: RawRequest = {}): Promise<void> {
    const { headers = {}, body, version = '1.1' } = request
    const lines = [`${method} ${target} HTTP/${version}`]
    if (!('host' in headers)) lines.push('host: 127.0.0.1')
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
    const whole = typeof body === 'string' ? Buffer.from(body) : body
    if (whole instanceof Uint8Array) lines.push(`content-length: ${whole.byteLength}`)
    else if (whole !== undefined) lines.push('transfer-encoding: chunked')
    // Latin-1, as header bytes travel.
    this.send(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'))
    if (whole instanceof Uint8Array) this.send(whole)
    else if (whole !== undefined) void this.#sendChunks(whole)
  }

  async #sendChunks(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      if (!this.socket.writable) return
      this.send(Buffer.concat([Buffer.from(`${chunk.byteLength.toString(16)}\r\n`), chunk, CRLF]))
    }
    if (this.socket.writable) this.send('0\r\n\r\n')
  }

  /** Reads the next reply's head; interim replies (1xx) are skipped. */
  async reply(method: string): Promise<RawReply> {
    for (;;) {
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(await this.line())?.[1] ?? NaN)
      const headers: Record<string, string | string[]> = {}
      for (let line = await this.line(); line !== ''; line = await this.line()) {
        const colon = line.indexOf(':')
        add(headers, line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
      }
      if (status >= 200) return new RawReply(this, method, status, headers)
    }
  }

  /** One line without its end. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#bytes.indexOf('\r\n')
      if (end !== -1) {
        const line = this.#bytes.toString('latin1', 0, end)
        this.#bytes = this.#bytes.subarray(end + 2)
        return line
      }
      if (!(await this.#more())) throw this.cut('in a line')
    }
  }

  /** Between one and `limit` bytes, or undefined when the connection has ended. */
  async some(limit: number): Promise<Buffer | undefined> {
    if (this.#bytes.byteLength === 0 && !(await this.#more())) return undefined
    const taken = this.#bytes.subarray(0, limit)
    this.#bytes = this.#bytes.subarray(taken.byteLength)
    return taken
  }

  /** Exactly `count` bytes. */
  async exactly(count: number): Promise<Buffer> {
    while (this.#bytes.byteLength < count)
      if (!(await this.#more())) throw this.cut(`with ${count} bytes to come`)
    return (await this.some(count)) ?? Buffer.alloc(0)
  }

  /** Whether the connection was reset rather than closed. */
  get wasReset(): boolean {
    return this.#failure !== undefined
  }

  cut(where: string): CutError {
    return new CutError(`The connection ended ${where}.`, { cause: this.#failure })
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const bytes = this.socket.read() as Buffer | null
      if (bytes !== null) {
        this.#bytes = this.#bytes.byteLength === 0 ? bytes : Buffer.concat([this.#bytes, bytes])
        return true
      }
      if (this.#ended) return false
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Leaves at once. */
  destroy(): void {
    this.socket.destroy()
  }
}

const CRLF = Buffer.from('\r\n')

function add(headers: Record<string, string | string[]>, name: string, value: string): void {
  const present = headers[name]
  if (name === 'set-cookie') headers[name] = [...(present ?? []), value]
  else headers[name] = present === undefined ? value : `${present as string}, ${value}`
}

type Framing = 'none' | 'length' | 'chunked' | 'close'

export class RawReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly framing: Framing
  readonly connection: RawConnection
  #left: number
  #done = false

  constructor(
    connection: RawConnection,
    method: string,
    status: number,
    headers: Record<string, string | string[]>,
  ) {
    this.connection = connection
    this.status = status
    this.headers = headers
    const length = headers['content-length']
    this.#left = Number(length ?? 0)
    if (method === 'HEAD' || status === 204 || status === 304) this.framing = 'none'
    else if (headers['transfer-encoding'] === 'chunked') this.framing = 'chunked'
    else this.framing = length === undefined ? 'close' : 'length'
  }

  /**
   * The next piece of the body as it came (for chunked bodies: one chunk), undefined at its end.
   *
   * @throws {CutError} when the connection ended and the body had not.
   */
  async bytes(): Promise<Buffer | undefined> {
    if (this.#done) return undefined
    const piece = await this.#read()
    if (piece === undefined) this.#done = true
    return piece
  }

  async #read(): Promise<Buffer | undefined> {
    if (this.framing === 'none') return undefined
    if (this.framing === 'chunked') return this.#chunk()
    if (this.framing === 'close') {
      const piece = await this.connection.some(Infinity)
      if (piece === undefined && this.connection.wasReset) throw this.connection.cut('by a reset')
      return piece
    }
    if (this.#left === 0) return undefined
    const piece = await this.connection.some(this.#left)
    if (piece === undefined) throw this.connection.cut(`with ${this.#left} bytes to come`)
    this.#left -= piece.byteLength
    return piece
  }

  async #chunk(): Promise<Buffer | undefined> {
    const size = Number.parseInt(await this.connection.line(), 16)
    const piece = await this.connection.exactly(size)
    await this.connection.line()
    return size === 0 ? undefined : piece
  }
}
