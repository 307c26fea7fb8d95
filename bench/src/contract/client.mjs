/**
 * The client of the contract: a raw socket that sees what fetch hides. Did the body end as its framing says, or did
 * only the connection end?
 */
import { connect } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')
/** Kept of a body: more than any reply here that is read to its end for its text. */
const KEPT = 64 * 1024

/**
 * Reads chunked framing, in any pieces.
 * `chunks` counts them; `ended` is true after the last chunk. @returns a function that takes bytes.
 */
function createUnchunker(/** @type {(data: Buffer) => void} */ onData) {
  let line = ''
  let left = 0
  let skip = 0
  const state = { ended: false, feed }
  return state

  function feed(/** @type {Buffer} */ bytes) {
    for (let at = 0; at < bytes.length && !state.ended; ) {
      if (left > 0) {
        const end = Math.min(bytes.length, at + left)
        onData(bytes.subarray(at, end))
        left -= end - at
        at = end
        if (left === 0) skip = 2
      } else if (skip > 0) {
        skip--
        at++
      } else {
        const end = bytes.indexOf(10, at)
        line += bytes.toString('latin1', at, end < 0 ? bytes.length : end)
        if (end < 0) return
        at = end + 1
        const text = line.trim()
        line = ''
        // An empty line ends the trailers, after the chunk of size 0.
        if (text === '') state.ended = lastSeen
        else if (!lastSeen) {
          left = Number.parseInt(text, 16)
          lastSeen = left === 0
        }
      }
    }
  }
}

let lastSeen = false
