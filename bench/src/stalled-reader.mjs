/**
 * A reader that asks and never reads, and later takes what the kernel kept for it, counted to the byte.
 *
 * That is how the bench tells a server's own buffers from the kernel's. The generator counts what it makes. Then the
 * server process is stopped (SIGSTOP), so it can send no more, while the kernel still delivers what it had accepted.
 * The reader reads all of that and counts the payload without its framing. Made minus delivered is what the server holds.
 */
import { connect } from 'node:net'
import { host, request } from './client.mjs'

/** Counts the payload bytes of one HTTP/1.1 response, also those of a chunk that has only begun. */
export function payloadCounter() {
  let state = /** @type {'head' | 'size' | 'data' | 'after data'} */ ('head')
  let text = ''
  let left = 0
  let payload = 0

  return {
    count: () => payload,
    push(/** @type {Uint8Array} */ bytes) {
      for (let at = 0; at < bytes.length;) {
        if (state === 'data') {
          const take = Math.min(left, bytes.length - at)
          at += take
          left -= take
          payload += take
          if (left === 0) [state, left] = ['after data', 2]
          continue
        }
        const byte = /** @type {number} */ (bytes[at++])
        if (state === 'after data') {
          if (--left === 0) state = 'size'
          continue
        }
        text += String.fromCharCode(byte)
        if (!text.endsWith(state === 'head' ? '\r\n\r\n' : '\r\n')) continue
        if (state === 'size') [state, left] = ['data', Number.parseInt(text, 16)]
        else if (/\r\ntransfer-encoding: *chunked/i.test(text)) state = 'size'
        else [state, left] = ['data', Number.POSITIVE_INFINITY]
        text = ''
      }
    },
  }
}

/** Connects, asks, and reads nothing. */
export async function stalledReader(/** @type {number} */ port, /** @type {string} */ path) {
  const counter = payloadCounter()
  let lastRead = 0
  const socket = connect({
    host,
    port,
    onread: {
      buffer: Buffer.allocUnsafe(256 * 1024),
      callback(size, bytes) {
        lastRead = performance.now()
        counter.push(bytes.subarray(0, size))
        return true
      },
    },
  })
  socket.pause() // before it connects, or it would begin to read
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.on('error', () => {})
  socket.write(request(path, 'close'))

  return {
    /** Reads until nothing has come for a while; only meaningful once the server is stopped. */
    async takeFromKernel() {
      lastRead = performance.now()
      socket.resume()
      while (performance.now() - lastRead < 300) await new Promise((resolve) => setTimeout(resolve, 50))
      return counter.count()
    },
    close: () => socket.destroy(),
  }
}
