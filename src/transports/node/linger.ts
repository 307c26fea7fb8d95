import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Reply } from '../../core/reply/reply.ts'
import { callback, once } from './callback.ts'

/** How long, and for how many more bytes, a client is listened to that was told to stop sending. */
const LINGER_MS = 1000
const LINGER_BYTES = 1024 * 1024

/** Whether a reply is to be the last on its connection, because of the body that came with the request. */
export function refusesBody({ status, headers }: Reply): boolean {
  return status === 413 || (status >= 400 && headers['connection'] === 'close')
}

/**
 * Refuses a body without losing the refusal. Closing a connection that still has unread bytes makes
 * TCP reset it, and the client may never see the reply; so the reply is written at once, and the
 * connection is closed when the client has stopped sending, or after a while.
 *
 * @returns false when the reply is not such a refusal.
 */
export function linger(message: IncomingMessage, response: ServerResponse, reply: Reply): boolean {
  if (!refusesBody(reply) || message.complete || reply.body.kind !== 'text') return false
  const { text } = reply.body
  response.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(text) })
  response.write(text)
  whenQuiet(message, () => response.end())
  const { onEnd } = reply
  if (onEnd !== undefined)
    once(response, 'close', () => {
      const outcome = response.writableFinished ? 'complete' : 'disconnect'
      onEnd({ outcome, bytes: response.writableFinished ? Buffer.byteLength(text) : 0, items: 0 })
    })
  return true
}

/** Listens to a client that was told to stop sending, and calls `done` when it has, or after a while. */
export function whenQuiet(sender: Readable, done: () => void): void {
  let left = LINGER_BYTES
  const end = () => {
    clearTimeout(timer)
    sender.off('data', count).off('end', stop).off('close', stop)
    done()
  }
  const stop = callback(end, sender)
  const count = callback((bytes: Uint8Array) => {
    left -= bytes.byteLength
    if (left < 0) end()
  }, sender)
  const timer = setTimeout(stop, LINGER_MS)
  sender.on('data', count).once('end', stop).once('close', stop)
}
