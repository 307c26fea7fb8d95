/** A session of HTTP/2 is freed after its streams (issue 11): Node ends the process in the other order. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { within } from '../contract/transport.ts'
import {
  END_HEADERS,
  END_STREAM,
  field,
  frame,
  FRAME,
  INITIAL_WINDOW,
  preface,
  request,
  uint32,
} from '../siege/attack/frame.ts'

/** The largest window: the reply is held by the connection alone. */
const WINDOW = 0x7fffffff
const BEGIN = Buffer.concat([
  preface([INITIAL_WINDOW, WINDOW]),
  frame(FRAME.window, 0, 0, uint32(WINDOW - 65_535)),
])
/** A field that is put into the dynamic table (RFC 7541 section 6.2.1). */
const indexed = (name: string, value: string) =>
  Buffer.concat([Buffer.from([0x40]), field(name, value).subarray(1)])
/** A trailer without END_HEADERS: Node keeps its fields, and waits for the rest. */
const HALF_TRAILER = Buffer.concat([
  request(1, 'POST', '/', END_HEADERS),
  frame(FRAME.headers, END_STREAM, 1, indexed('x-field', 'value'.repeat(9))),
])

/** Sends a request with half a trailer, reads nothing, and leaves once the server has given up. */
async function stall(port: number): Promise<void> {
  const client = connect(port, '127.0.0.1').on('error', () => {})
  client.pause()
  client.write(BEGIN)
  await wait(30)
  client.write(HALF_TRAILER)
  await wait(300)
  client.resetAndDestroy()
  await wait(50)
}

/** How a server ends that such clients ask, and that collects its garbage after each of them. */
async function outcome(name: string): Promise<NodeJS.Signals | null> {
  const path = join(import.meta.dirname, 'session-server.mjs')
  const server: ChildProcess = fork(path, [name], {
    execArgv: ['--expose-gc', '--no-warnings'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const exit = once(server, 'exit')
  const [port] = (await within(once(server, 'message'), 'a port')) as [number]
  for (let n = 0; n < 3 && server.connected; n++) {
    await stall(port)
    if (server.connected) server.send('count', () => {})
    await Promise.race([once(server, 'message'), exit])
  }
  if (server.connected) server.disconnect()
  const [, signal] = (await within(exit, 'the server ends')) as [unknown, NodeJS.Signals | null]
  return signal
}

test('a stream that stalled with half a trailer leaves the process alive', async () => {
  expect(await outcome('millrace')).toBeNull()
})

test('control: a bare node:http2 server ends', async () => {
  expect(await outcome('bare')).toBe('SIGABRT')
})
