import { type Message, SharedMessage } from '../../core/socket/socket.ts'

const TEXT = 0x81
const BINARY = 0x82

/** The frames of messages that go to many sockets, for as long as somebody holds the message. */
const shared = new WeakMap<SharedMessage, Buffer>()

/**
 * A message as one WebSocket frame, whole and unmasked, as servers send it (RFC 6455 section 5.2).
 * Framing is left to us, and not to ws, so that a broadcast is framed once and each socket gets it
 * in one write.
 */
export function toFrame(message: Message | SharedMessage): Buffer {
  if (!(message instanceof SharedMessage)) return encode(message)
  let framed = shared.get(message)
  if (framed === undefined) shared.set(message, (framed = encode(message.message)))
  return framed
}

function encode(message: Message): Buffer {
  const isText = typeof message === 'string'
  const length = isText ? Buffer.byteLength(message) : message.byteLength
  const start = length < 126 ? 2 : length < 0x10000 ? 4 : 10
  const target = Buffer.allocUnsafe(start + length)
  target[0] = isText ? TEXT : BINARY
  if (start === 2) target[1] = length
  else if (start === 4) {
    target[1] = 126
    target.writeUInt16BE(length, 2)
  } else {
    target[1] = 127
    target.writeBigUInt64BE(BigInt(length), 2)
  }
  if (isText) target.write(message, start)
  else target.set(message, start)
  return target
}

/** The bytes of a frame that are its message. */
export function payloadBytes(frame: Buffer): number {
  const length = frame[1]!
  return frame.byteLength - (length < 126 ? 2 : length === 126 ? 4 : 10)
}
