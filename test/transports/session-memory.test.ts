/** Connections of HTTP/2 that broke leave nothing behind (issue 11): Node's errors hold the native session. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { within } from '../contract/transport.ts'

const CONNECTIONS = 200
/** What may be on its way to be collected. */
const FEW = 20
/** How long the client stays when all is sent: the server has read it by then. */
const STAY_MS = 5

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serve(name: string): Promise<{ port: number; left: () => Promise<number> }> {
  const path = join(import.meta.dirname, 'session-server.mjs')
  const server: ChildProcess = fork(path, [name], { execArgv: ['--expose-gc', '--no-warnings'] })
  cleanups.push(async () => {
    const exit = once(server, 'exit')
    server.disconnect()
    await within(exit, 'the server ends')
  })
  const said = async () => ((await within(once(server, 'message'), 'an answer', 20_000)) as [number])[0]
  const port = await said()
  const count = () => {
    server.send('count')
    return said()
  }
  const before = await count()
  return { port, left: async () => (await count()) - before }
}

/** Sends bytes, and leaves without reading what comes back. */
function leave(port: number, bytes: Buffer, how: 'end' | 'reset'): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.write(bytes)
    setTimeout(() => (how === 'reset' ? socket.resetAndDestroy() : socket.destroy()), STAY_MS)
  })
}

async function leaveAll(port: number, bytes: Buffer, how: 'end' | 'reset'): Promise<void> {
  for (let n = 0; n < CONNECTIONS; n += FEW)
    await Promise.all(Array.from({ length: FEW }, () => leave(port, bytes, how)))
  // Broken sessions are looked for every 200 ms.
  await wait(600)
}

const SETTINGS = Buffer.from('000000040000000000', 'hex')
const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), SETTINGS])
const KINDS: Record<string, Buffer> = {
  'a preface that is none': Buffer.from('PRI * HTTP/2.0\r\n\r\nSMxx\r\n\r\n'),
  'DATA on an idle stream': Buffer.concat([PREFACE, Buffer.from('000001000000000002aa', 'hex')]),
  'a header block that does not decode': Buffer.concat([
    PREFACE,
    Buffer.from('000003010500000001ffffff', 'hex'),
  ]),
  'nothing else': PREFACE,
}

describe.each(Object.keys(KINDS))('%s', (kind) => {
  test.each(['end', 'reset'] as const)('and then %s', async (how) => {
    const { port, left } = await serve('millrace')
    await leaveAll(port, KINDS[kind]!, how)
    expect(await left()).toBeLessThan(FEW)
  })
})

test('control: a server that keeps them is found', async () => {
  const { port, left } = await serve('keeping')
  await leaveAll(port, PREFACE, 'reset')
  expect(await left()).toBeGreaterThan(CONNECTIONS / 2)
})
