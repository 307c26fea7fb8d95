/**
 * The load side: raw sockets that parse as little as possible, so that the server's core is the busy one.
 *
 * - `stream` asks once with `connection: close`, counts bytes into one reused buffer and judges the end:
 *   a body with a length must have that length, a chunked body must end with its last-chunk.
 * - `repeat` keeps a few connections busy and counts whole responses.
 */
import { get } from 'node:http'
import { connect } from 'node:net'

export const host = '127.0.0.1'
const lastChunk = '0\r\n\r\n'

/** The bytes of one GET. */
export const request = (/** @type {string} */ path, /** @type {string} */ connection) =>
  `GET ${path} HTTP/1.1\r\nhost: ${host}\r\naccept: */*\r\nconnection: ${connection}\r\n\r\n`

/**
 * @typedef {{ status: number, length: number | undefined, size: number }} Head
 * `length` is undefined for a chunked body; `size` is that of the head itself.
 */

/** Reads a response head, or undefined while it is not complete. @returns {Head | undefined} */
function readHead(/** @type {Buffer} */ bytes) {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const text = bytes.toString('latin1', 0, end)
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)
  return { status: Number(text.slice(9, 12)), length: length ? Number(length[1]) : undefined, size: end + 4 }
}

/** A small JSON answer, outside any measurement. @returns {Promise<any>} */
export const getJson = (/** @type {number} */ port, /** @type {string} */ path) =>
  new Promise((resolve, reject) => {
    const asked = get({ host, port, path, agent: false, timeout: 120_000 }, async (res) => {
      let body = ''
      for await (const chunk of res.setEncoding('utf8')) body += chunk
      if (res.statusCode === 200) resolve(JSON.parse(body))
      else reject(new Error(`${path}: status ${res.statusCode}: ${body.slice(0, 200)}`))
    })
    asked.on('timeout', () => asked.destroy(new Error(`${path}: no answer`)))
    asked.on('error', reject)
  })

/**
 * One response to its end.
 * @returns {Promise<{ seconds: number, wireBytes: number, bodyBytes: number | undefined }>}
 */
export function stream(
  /** @type {number} */ port,
  /** @type {string} */ path,
  /** @type {number} */ timeout = 120_000,
) {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const buffer = Buffer.allocUnsafe(1024 * 1024)
    let wireBytes = 0
    let head = /** @type {Head | undefined} */ (undefined)
    let start = Buffer.alloc(0)
    let tail = ''
    const socket = connect({
      host,
      port,
      onread: {
        buffer,
        callback(size, view) {
          wireBytes += size
          if (!head) {
            start = Buffer.concat([start, view.subarray(0, size)])
            head = readHead(start)
            if (head && head.status !== 200) socket.destroy(new Error(`${path}: status ${head.status}`))
          }
          tail = (tail + buffer.toString('latin1', Math.max(0, size - 5), size)).slice(-5)
          return true
        },
      },
    })
    const timer = setTimeout(
      () => socket.destroy(new Error(`${path}: not over after ${timeout / 1000} s`)),
      timeout,
    )
    socket.on('connect', () => socket.write(request(path, 'close')))
    socket.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    socket.on('close', (failed) => {
      clearTimeout(timer)
      if (failed) return
      const seconds = (performance.now() - started) / 1000
      const bodyBytes = head?.length
      const whole =
        head && (bodyBytes === undefined ? tail === lastChunk : wireBytes === head.size + bodyBytes)
      if (whole) resolve({ seconds, wireBytes, bodyBytes })
      else reject(new Error(`${path}: cut after ${wireBytes} bytes`))
    })
  })
}

/**
 * `connections` sockets that ask again as soon as an answer is whole, for `seconds`; answers under way then are waited for.
 * Whole means: its length has come, or the bytes end in a last-chunk (so: for text bodies).
 * @returns {Promise<{ responses: number, seconds: number }>}
 */
export function repeat(
  /** @type {number} */ port,
  /** @type {string} */ path,
  /** @type {{ connections: number, seconds: number }} */ load,
) {
  const asking = Buffer.from(request(path, 'keep-alive'))
  const started = performance.now()
  const deadline = started + load.seconds * 1000
  let responses = 0

  const connection = () =>
    new Promise((resolve, reject) => {
      const buffer = Buffer.allocUnsafe(256 * 1024)
      let head = /** @type {Head | undefined} */ (undefined)
      let start = Buffer.alloc(0)
      let size = 0
      let tail = ''
      const socket = connect({
        host,
        port,
        onread: {
          buffer,
          callback(count, view) {
            size += count
            if (!head) {
              start =
                start.length === 0
                  ? Buffer.from(view.subarray(0, count))
                  : Buffer.concat([start, view.subarray(0, count)])
              head = readHead(start)
              if (head && head.status !== 200) socket.destroy(new Error(`${path}: status ${head.status}`))
            }
            tail = (tail + buffer.toString('latin1', Math.max(0, count - 5), count)).slice(-5)
            if (!head || (head.length === undefined ? tail !== lastChunk : size < head.size + head.length))
              return true
            responses++
            head = undefined
            start = Buffer.alloc(0)
            size = 0
            tail = ''
            if (performance.now() < deadline) socket.write(asking)
            else {
              resolve(undefined)
              socket.destroy()
            }
            return true
          },
        },
      })
      socket.setNoDelay(true)
      socket.on('connect', () => socket.write(asking))
      socket.on('error', reject)
      socket.on('close', () => reject(new Error(`${path}: connection closed after ${responses} responses`)))
      setTimeout(() => socket.destroy(new Error(`${path}: no answer`)), load.seconds * 1000 + 60_000).unref()
    })

  return Promise.all(Array.from({ length: load.connections }, connection)).then(() => ({
    responses,
    seconds: (performance.now() - started) / 1000,
  }))
}
