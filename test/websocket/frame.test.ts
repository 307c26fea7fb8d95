/** Frames: what ws reads of them is what was put in, and a broadcast is framed once. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as ws from 'ws'
import { SharedMessage } from '../../src/core/socket/socket.ts'
import { payloadBytes, toFrame } from '../../src/transports/node/frame.ts'

/** Exported by ws, and missing in its types. */
interface ReceiverClass {
  new (options: { isServer: boolean }): {
    on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void
    on(event: 'error', listener: (error: Error) => void): void
    write(bytes: Buffer): void
  }
}
const { Receiver } = ws as unknown as { Receiver: ReceiverClass }

/** What a client of ws makes of some bytes. */
function decode(bytes: Buffer): (string | Buffer)[] {
  const messages: (string | Buffer)[] = []
  const receiver = new Receiver({ isServer: false })
  receiver.on('message', (data, isBinary) => messages.push(isBinary ? data : data.toString()))
  receiver.on('error', (error) => expect.unreachable(error.message))
  receiver.write(bytes)
  return messages
}

const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000]

test.each(sizes)('%i bytes, and as many characters', (size) => {
  const bytes = new Uint8Array(size).fill(7)
  expect(decode(toFrame(bytes))).toEqual([Buffer.from(bytes)])
  expect(payloadBytes(toFrame(bytes))).toBe(size)
  const text = 'ü'.repeat(size)
  expect(decode(toFrame(text))).toEqual([text])
  expect(payloadBytes(toFrame(text))).toBe(size * 2)
})

test('any messages in a row', () => {
  const message = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.uint8Array({ maxLength: 300 }))
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      const wanted = messages.map((each) => (typeof each === 'string' ? each : Buffer.from(each)))
      expect(decode(Buffer.concat(messages.map(toFrame)))).toEqual(wanted)
    }),
  )
})

test('a lone surrogate is sent as valid UTF-8', () => {
  expect(decode(toFrame('\ud800'))).toEqual(['\ufffd'])
})

test('a message for many is framed once, and its bytes are its own', () => {
  const bytes = new Uint8Array([1, 2, 3])
  const shared = new SharedMessage(bytes)
  const first = toFrame(shared)
  bytes.fill(9)
  expect(toFrame(shared)).toBe(first)
  expect(decode(first)).toEqual([Buffer.from([1, 2, 3])])
  expect(toFrame('same')).not.toBe(toFrame('same'))
})
