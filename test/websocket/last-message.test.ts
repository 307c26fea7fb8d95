/** Messages that come in one piece with the end of their socket are delivered, and answered while they can be. */
import { describe, expect, test } from 'vitest'
import {
  CLOSE,
  frame,
  openTcp,
  type RawPeer,
  readFrames,
  serve,
  TEXT,
  until,
  upgrade,
  upgradeHead,
  wait,
} from './scene.ts'

const MESSAGES = Buffer.concat(['a', 'b', 'c'].map((text) => frame(TEXT, text)))
/** What may follow: its bytes, and the code that the peer and the handler get. */
const ENDS: [string, Uint8Array, number][] = [
  ['a reserved opcode', frame(0x83, 'x'), 1002],
  ['a frame without a mask', Buffer.from([0x81, 1, 120]), 1002],
  ['a reserved bit', frame(0xf1), 1002],
  ['text that is not UTF-8', frame(TEXT, Buffer.from([0xc3, 0x28])), 1007],
  ['a length of 63 bits', Buffer.from([0x82, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 1009],
  ['a close', frame(CLOSE, Buffer.from([3, 232])), 1000],
]

/** An echo, and the same in steps; each tells what it has seen. */
async function serveEcho() {
  const seen: unknown[] = []
  const server = await serve((app) => {
    app.websocket('/echo', {}, async ({ socket }) => {
      try {
        for await (const message of socket) {
          seen.push(message)
          await socket.send(`re ${String(message)}`)
        }
      } finally {
        seen.push((await socket.closed).code)
      }
    })
    app.websocket('/slow', {}, async ({ socket, sleep }) => {
      for await (const message of socket) {
        await sleep(20)
        seen.push(message)
        await socket.send(`re ${String(message)}`)
      }
      seen.push((await socket.closed).code)
    })
    app.websocket('/late', {}, async ({ socket }) => {
      await wait(30)
      for await (const message of socket) seen.push(message)
      seen.push((await socket.closed).code)
    })
    app.websocket('/stuck', {}, async ({ socket, signal }) => {
      for await (const message of socket) {
        seen.push(message)
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
      }
      seen.push((await socket.closed).code)
    })
  })
  return { server, seen }
}

/** The texts that a peer gets until its connection is over, and the code of the close. */
async function texts(peer: RawPeer): Promise<{ texts: string[]; code: number | undefined }> {
  await peer.read((bytes) => bytes.includes('\r\n\r\n'))
  peer.received = peer.received.subarray(peer.received.indexOf('\r\n\r\n') + 4)
  const code = await peer.closeCode()
  const frames = readFrames(peer.received).filter(({ opcode }) => opcode === 1)
  return { texts: frames.map(({ payload }) => String(payload)), code }
}

const REPLIES = ['re a', 're b', 're c']

describe.each(ENDS)('in front of %s', (_, end, code) => {
  test.each(['/echo', '/slow'])('they are answered before the close (%s)', async (path) => {
    const { server, seen } = await serveEcho()
    const peer = await openTcp(server)
    peer.write(upgradeHead(path))
    await wait(20)
    peer.write(Buffer.concat([MESSAGES, end]))
    expect(await texts(peer)).toEqual({ texts: REPLIES, code })
    await until(() => seen.length === 4, 'the handler is told')
    expect(seen).toEqual(['a', 'b', 'c', code])
  })

  test('they are answered when they come with the handshake', async () => {
    const { server, seen } = await serveEcho()
    const peer = await openTcp(server)
    peer.write(Buffer.concat([Buffer.from(upgradeHead('/echo')), MESSAGES, end]))
    expect(await texts(peer)).toEqual({ texts: REPLIES, code })
    await until(() => seen.length === 4, 'the handler is told')
  })

  test('a loop that begins later gets them, but holds up no close', async () => {
    const { server, seen } = await serveEcho()
    const peer = await upgrade(server, '/late')
    peer.write(Buffer.concat([MESSAGES, end]))
    expect(await peer.closeCode()).toBe(code)
    await until(() => seen.length === 4, 'the handler is told')
    expect(seen).toEqual(['a', 'b', 'c', code])
  })
})

test('a loop that takes nothing more holds up the close for a second', async () => {
  const { server, seen } = await serveEcho()
  const peer = await upgrade(server, '/stuck')
  const started = performance.now()
  peer.write(Buffer.concat([MESSAGES, frame(CLOSE, Buffer.from([3, 232]))]))
  expect(await peer.closeCode()).toBe(1000)
  expect(performance.now() - started).toBeGreaterThan(900)
  await until(() => seen.length === 4, 'the handler is told')
})

test.each(['a FIN', 'a reset'])('in front of %s a loop gets them', async (end) => {
  const { server, seen } = await serveEcho()
  const peer = await upgrade(server, '/late')
  peer.write(MESSAGES)
  await wait(10)
  if (end === 'a FIN') peer.socket.end()
  else peer.socket.resetAndDestroy()
  await until(() => seen.length === 4, 'the handler is told')
  expect(seen).toEqual(['a', 'b', 'c', 1006])
})
