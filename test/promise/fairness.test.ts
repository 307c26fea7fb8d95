/**
 * Promise 6: a generator that never awaits anything real leaves other requests under 20 ms at p99. The
 * server is a process of its own, as it would be for a user; the least of three runs counts, since
 * what else runs on the machine can only add.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { RawConnection } from '../contract/raw-client.ts'
import { wait, within } from '../contract/transport.ts'
import { bestOf, quantile, show } from './measure.ts'

const PROMISED_MS = 20
const PINGS = 300
const RUNS = 3

const cleanups: (() => unknown)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

async function start(mode: 'millrace' | 'bare'): Promise<number> {
  const child: ChildProcess = fork(new URL('fairness-server.mjs', import.meta.url), [mode])
  cleanups.push(() => child.kill('SIGKILL'))
  return within(new Promise<number>((resolve) => child.once('message', (port) => resolve(port as number))), 'the port')
}

/** Reads a stream as fast as it comes, and looks at nothing. */
function devour(port: number, path: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      onread: { buffer: Buffer.alloc(256 * 1024), callback: () => (resolve(socket), true) },
    })
    socket.on('error', () => {})
    cleanups.push(() => socket.destroy())
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
  })
}

/** The p99 of pings, in milliseconds. */
async function pingP99(port: number, count = PINGS): Promise<number> {
  const connection = await RawConnection.open(port)
  try {
    const took: number[] = []
    for (let i = 0; i < count; i++) {
      const from = performance.now()
      const reply = await connection.request('GET', '/ping')
      while ((await reply.bytes()) !== undefined);
      took.push(performance.now() - from)
      await wait(1)
    }
    return quantile(took, 0.99)
  } finally {
    connection.destroy()
  }
}

test.each([
  ['one text stream', ['/text']],
  ['one synchronous stream', ['/sync']],
  ['four streams of several formats', ['/text', '/bytes', '/jsonl', '/sse']],
  ['eight text streams', Array.from({ length: 8 }, () => '/text')],
  ['a stream through ten middlewares that transform', ['/transformed']],
])('a ping beside %s that never awaits', async (name, paths) => {
  const port = await start('millrace')
  await pingP99(port)
  for (const path of paths) await devour(port, path)
  const best = await bestOf(RUNS, PROMISED_MS, () => pingP99(port))
  show(`ping beside ${name}`, { 'p99 ms': best })
  expect(best).toBeLessThan(PROMISED_MS)
}, 60_000)

test('a ping beside a stream that never awaits and is not read', async () => {
  const port = await start('millrace')
  await pingP99(port)
  const socket = await devour(port, '/text')
  socket.pause()
  expect(await bestOf(RUNS, PROMISED_MS, () => pingP99(port, 100))).toBeLessThan(PROMISED_MS)
})

test('control: a bare loop over the same generator starves the others', async () => {
  const port = await start('bare')
  await devour(port, '/text')
  const p99 = await within(pingP99(port, 20), 'pings', 1000).catch(() => Infinity)
  show('control: ping beside a bare loop', { 'p99 ms': p99 === Infinity ? 'none came back within 1000 ms' : p99 })
  expect(p99).toBeGreaterThan(PROMISED_MS)
})
