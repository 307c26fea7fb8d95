/**
 * Promise 6: a generator that never awaits anything real leaves other requests under 20 ms at p99. The
 * server is a process of its own, as it would be for a user. Each ping is followed by one to a second
 * server that has nothing to do: what that one takes is the machine's and the client's own, and the
 * best of five runs counts.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { RawConnection } from '../contract/raw-client.ts'
import { wait, within } from '../contract/transport.ts'
import { bestOf, type Compared, ownPart, round, type Sample, show } from './measure.ts'

const PROMISED_MS = 20
const PINGS = 200
const RUNS = 5

const cleanups: (() => unknown)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

async function start(mode: 'millrace' | 'bare'): Promise<number> {
  const child: ChildProcess = fork(new URL('fairness-server.mjs', import.meta.url), [mode])
  cleanups.push(() => child.kill('SIGKILL'))
  return within(
    new Promise<number>((resolve) => child.once('message', (port) => resolve(port as number))),
    'the port',
  )
}

/** Reads a stream as fast as it comes, and looks at nothing. */
function devour(port: number, path: string): Promise<Socket> {
  return new Promise((resolve) => {
    const take = (): boolean => {
      resolve(socket)
      return true
    }
    const onread = { buffer: Buffer.alloc(256 * 1024), callback: take }
    const socket: Socket = connect({ port, host: '127.0.0.1', onread })
    socket.on('error', () => {})
    cleanups.push(() => socket.destroy())
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
  })
}

/** Pings to a busy server and to an idle one, in milliseconds. */
async function pings(busy: number, idle: number, count = PINGS): Promise<Sample> {
  const [ours, floor] = [await RawConnection.open(busy), await RawConnection.open(idle)]
  try {
    const took = { ours: [] as number[], floor: [] as number[] }
    for (let i = 0; i < count; i++) {
      took.ours.push(await ping(ours))
      took.floor.push(await ping(floor))
      await wait(1)
    }
    return took
  } finally {
    ours.destroy()
    floor.destroy()
  }
}

async function ping(connection: RawConnection): Promise<number> {
  const from = performance.now()
  const reply = await connection.request('GET', '/ping')
  while ((await reply.bytes()) !== undefined);
  return performance.now() - from
}

test.each([
  ['one text stream', ['/text']],
  ['one synchronous stream', ['/sync']],
  ['four streams of several formats', ['/text', '/bytes', '/jsonl', '/sse']],
  ['eight text streams', Array.from({ length: 8 }, () => '/text')],
  ['a stream through ten middlewares that transform', ['/transformed']],
])(
  'a ping beside %s that never awaits',
  async (name, paths) => {
    const [port, idle] = [await start('millrace'), await start('millrace')]
    await pings(port, idle)
    for (const path of paths) await devour(port, path)
    const best = await bestOf(`ping beside ${name}`, RUNS, PROMISED_MS, () => pings(port, idle))
    show(`ping beside ${name}`, { 'p99 ms': best.ours, 'idle server': best.floor })
    expect(ownPart(best)).toBeLessThan(PROMISED_MS)
  },
  60_000,
)

test('a ping beside a stream that never awaits and is not read', async () => {
  const [port, idle] = [await start('millrace'), await start('millrace')]
  await pings(port, idle)
  const socket = await devour(port, '/text')
  socket.pause()
  const best = await bestOf('ping beside a stream that is not read', RUNS, PROMISED_MS, () =>
    pings(port, idle, 100),
  )
  expect(ownPart(best)).toBeLessThan(PROMISED_MS)
})

test('control: a bare loop over the same generator starves the others', async () => {
  const [port, idle] = [await start('bare'), await start('bare')]
  await devour(port, '/text')
  const nothing: Compared = { ours: Infinity, floor: 0 }
  const few = () => within(pings(port, idle, 20), 'pings', 1000)
  const compared = await bestOf(undefined, 1, PROMISED_MS, few).catch(() => nothing)
  show('control: ping beside a bare loop', {
    'p99 ms': compared === nothing ? 'none came back within 1000' : round(compared.ours),
  })
  expect(ownPart(compared)).toBeGreaterThan(PROMISED_MS)
})
