/**
 * The client of the contract: a raw socket that sees what `fetch` hides. Did the body end as its framing says, or did
 * only the connection end?
 */
import { connect } from 'node:net'

const host = '127.0.0.1'
const HEAD_END = Buffer.from('\r\n\r\n')
/** How much of a body is kept, for the evidence. */
const KEPT = 1024

/** Reads chunked framing, however it is cut into pieces. */
class Unchunker {
  /** Whether the last chunk has come, and the empty line after it. */
  ended = false
  #onData
  #line = ''
  #left = 0
  #skip = 0
  #last = false

  constructor(/** @type {(data: Buffer) => void} */ onData) {
    this.#onData = onData
  }

  feed(/** @type {Buffer} */ bytes) {
    for (let at = 0; at < bytes.length && !this.ended;) {
      if (this.#left > 0) {
        const end = Math.min(bytes.length, at + this.#left)
        this.#onData(bytes.subarray(at, end))
        this.#left -= end - at
        if (this.#left === 0) this.#skip = 2
        at = end
      } else if (this.#skip > 0) {
        this.#skip--
        at++
      } else {
        const end = bytes.indexOf(10, at)
        this.#line += bytes.toString('latin1', at, end < 0 ? bytes.length : end)
        if (end < 0) return
        at = end + 1
        const line = this.#line.trim()
        this.#line = ''
        if (this.#last) this.ended = line === ''
        else {
          this.#left = Number.parseInt(line, 16)
          this.#last = this.#left === 0
        }
      }
    }
  }
}

/**
 * How a body ended. `clean`: as its framing says. `cut`: the connection ended before that. `open`: neither, yet.
 * @typedef {'clean' | 'cut' | 'open'} End
 */

/** One request on a connection of its own, whose reply is followed byte by byte. */
export class Exchange {
  /** @type {number | undefined} */
  status
  /** @type {Record<string, string>} */
  headers = {}
  bytes = 0
  /** @type {End} */
  end = 'open'
  /** In words: what ended it. */
  how = 'still open'
  /** The first and the last of the body, as text. */
  start = ''
  tail = ''
  /** Settles when the body or the connection has ended. @type {Promise<void>} */
  ended
  /** Called with every piece of the body. @type {(data: Buffer) => void} */
  onData = () => {}
  #head = Buffer.alloc(0)
  #unchunker = new Unchunker((data) => this.#data(data))
  #framing = 'none'
  #length = 0
  #settle = () => {}
  #socket

  constructor(/** @type {number} */ port, /** @type {string} */ path, headers = '') {
    this.ended = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#socket = connect({ host, port, allowHalfOpen: true })
    this.#socket.setNoDelay(true)
    this.#socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\n${headers}\r\n`)
    this.#socket.on('data', (/** @type {Buffer} */ data) => this.#feed(data))
    this.#socket.on('end', () => this.#over(this.#framing === 'close' ? 'clean' : 'cut', 'FIN'))
    this.#socket.on('error', (error) =>
      this.#over(
        'cut',
        /** @type {NodeJS.ErrnoException} */ (error).code === 'ECONNRESET' ? 'RST' : error.message,
      ),
    )
  }

  /** Reads no more, so that the kernel's buffers fill up and then the server's. */
  stall() {
    this.#socket.pause()
  }

  /** Leaves, as a client does that is closed. @returns when, in milliseconds since 1970. */
  leave() {
    this.#socket.destroy()
    return performance.timeOrigin + performance.now()
  }

  /** What a reader of the results can check. */
  get evidence() {
    const { status, headers, bytes, end, how, tail } = this
    const framing = headers['transfer-encoding'] ?? (headers['content-length'] ? 'content-length' : 'none')
    return { status: status ?? null, framing, bodyBytes: bytes, end, how, bodyTail: tail.slice(-200) }
  }

  #feed(/** @type {Buffer} */ data) {
    if (this.#framing !== 'none') return this.#body(data)
    this.#head = Buffer.concat([this.#head, data])
    const end = this.#head.indexOf(HEAD_END)
    if (end < 0) return
    const [first = '', ...lines] = this.#head.toString('latin1', 0, end).split('\r\n')
    this.status = Number(first.split(' ')[1])
    for (const line of lines) {
      const colon = line.indexOf(':')
      this.headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
    }
    const length = this.headers['content-length']
    this.#framing = this.headers['transfer-encoding'] ? 'chunked' : length ? 'length' : 'close'
    this.#length = Number(length ?? 0)
    this.#body(this.#head.subarray(end + 4))
  }

  #body(/** @type {Buffer} */ data) {
    if (this.#framing === 'chunked') {
      this.#unchunker.feed(data)
      if (this.#unchunker.ended) this.#over('clean', 'last chunk')
      return
    }
    this.#data(data)
    if (this.#framing === 'length' && this.bytes >= this.#length) this.#over('clean', 'content-length')
  }

  #data(/** @type {Buffer} */ data) {
    if (data.length === 0) return
    this.bytes += data.length
    if (this.start.length < KEPT) this.start += data.toString('latin1', 0, KEPT)
    this.tail = (this.tail + data.toString('latin1', Math.max(0, data.length - KEPT))).slice(-KEPT)
    this.onData(data)
  }

  #over(/** @type {End} */ end, /** @type {string} */ how) {
    if (this.end !== 'open') return
    this.end = end
    this.how = end === 'cut' && this.status === undefined ? `${how} without a reply` : how
    if (end === 'cut' && this.#framing === 'chunked') this.how = `${how} without the last chunk`
    this.#settle()
    this.#socket.destroy()
  }
}

/** Waits at most `ms` for something. @returns {Promise<boolean>} whether it came */
export async function within(/** @type {number} */ ms, /** @type {Promise<unknown>} */ thing) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const came = await Promise.race([thing.then(() => true), late])
  clearTimeout(timer)
  return came
}

/** A reply to its end, or as far as it has come after `ms`. */
export async function fetchRaw(
  /** @type {number} */ port,
  /** @type {string} */ path,
  headers = '',
  ms = 3000,
) {
  const exchange = new Exchange(port, path, headers)
  await within(ms, exchange.ended)
  exchange.leave()
  return exchange
}
