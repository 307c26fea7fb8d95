/**
 * Promise 4: a reader that takes nothing costs at most 64 KiB of ours, and the stall timeout frees it.
 *
 * What we hold is what the source has made less what the kernel has taken. The kernel's part is counted
 * to the byte: the server's process is stopped (SIGSTOP), so that it can send no more, while the kernel
 * still delivers what it had accepted.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wait, within } from '../contract/transport.ts'
import { show } from './measure.ts'
import { type Asked, type Spoken, stall } from './stalled-client.ts'

const PROMISED = 64 * 1024
const BIG_CHUNK = 10 * 1024 * 1024
const STALL_MS = 300

interface Seen {
  readonly produced: number
  readonly live: number
  readonly endings: readonly { outcome: string; code?: string }[]
  /** What Node's sockets have queued for us. */
  readonly queued: number
  readonly descriptors: number
  readonly arrayBuffers: number
}

interface Server {
  readonly child: ChildProcess
  readonly http1: number
  readonly http2: number
  ask(question: 'count' | 'forget'): Promise<Seen>
}

async function start(mode: 'millrace' | 'naive'): Promise<Server> {
  const child = fork(new URL('stall-server.mjs', import.meta.url), [mode])
  const told = () =>
    within(new Promise<unknown>((resolve) => child.once('message', resolve)), 'an answer', 10_000)
  const ports = (await told()) as { http1: number; http2: number }
  return {
    child,
    ...ports,
    async ask(question) {
      child.send(question)
      return (await told()) as Seen
    },
  }
}

let server: Server
let naive: Server
beforeAll(async () => {
  server = await start('millrace')
  naive = await start('naive')
})
afterAll(() => {
  server.child.disconnect()
  naive.child.disconnect()
})

const CODED = ['gzip', 'br'] as const
const FORMATS = [
  'text',
  'text-sync',
  'text-large',
  'bytes-small',
  'bytes-10-mb',
  'jsonl',
  'json-seq',
  'json-array',
  'sse',
  'transformed',
  'file',
]

type Case = Omit<Asked, 'port' | 'path'> & { readonly format: string }

const CASES: Case[] = [
  ...FORMATS.flatMap((format) =>
    (['HTTP/1.1', 'HTTP/2', 'HTTP/2 with a window of 64 KiB'] as const).map((spoken) => ({
      format,
      spoken,
      coding: 'identity' as const,
    })),
  ),
  ...['text', 'text-large', 'bytes-10-mb', 'jsonl', 'sse'].flatMap((format) =>
    CODED.flatMap((coding) =>
      (['HTTP/1.1', 'HTTP/2'] as const).map((spoken) => ({ format, spoken, coding })),
    ),
  ),
]

const portOf = (from: Server, spoken: Spoken) => (spoken === 'HTTP/1.1' ? from.http1 : from.http2)

/** Waits until the source makes no more. */
async function quiet(from: Server): Promise<Seen> {
  let seen = await from.ask('count')
  for (let same = 0; same < 3;) {
    await wait(60)
    const next = await from.ask('count')
    same = next.produced === seen.produced && next.produced > 0 ? same + 1 : 0
    seen = next
  }
  return seen
}

interface Held {
  readonly produced: number
  readonly taken: number
  readonly held: number
  readonly queued: number
}

async function measure(from: Server, asked: Asked): Promise<Held> {
  await from.ask('forget')
  const reader = await stall(asked)
  try {
    const { produced, queued } = await within(quiet(from), 'the source stops', 15_000)
    from.child.kill('SIGSTOP')
    try {
      const taken = await reader.take()
      return { produced, taken, held: produced - taken, queued }
    } finally {
      from.child.kill('SIGCONT')
    }
  } finally {
    reader.leave()
  }
}

describe('what is held for a reader that takes nothing', () => {
  const measured: Record<string, string> = {}
  afterAll(() => show('held for a stalled reader, KiB', measured))

  test.each(CASES)('$format, $spoken, $coding', async ({ format, spoken, coding }) => {
    const path = `/held/${format}`
    const { held, taken, queued } = await measure(server, {
      port: portOf(server, spoken),
      path,
      spoken,
      coding,
    })
    measured[`${format} ${spoken} ${coding}`] =
      `${Math.round(held / 102.4) / 10} (queued ${Math.round(queued / 102.4) / 10})`
    expect(taken).toBeGreaterThan(0)
    // A chunk that the source itself made larger than that is the source's; nothing of it is copied.
    const own = format === 'bytes-10-mb' ? BIG_CHUNK : format === 'text-large' ? 640_000 : 0
    expect(held).toBeLessThanOrEqual(own + PROMISED)
    expect(queued).toBeLessThanOrEqual(PROMISED + 1024)
  })

  test('control: a server that pushes is caught', async () => {
    const { held } = await measure(naive, {
      port: naive.http1,
      path: '/',
      spoken: 'HTTP/1.1',
      coding: 'identity',
    })
    show('control: a server that pushes, KiB', { held: held / 1024 })
    expect(held).toBeGreaterThan(PROMISED * 10)
  })
})

describe(`a stall timeout of ${STALL_MS} ms frees what a reader holds up`, () => {
  test.each(CASES)('$format, $spoken, $coding', async ({ format, spoken, coding }) => {
    await wait(20)
    const before = await server.ask('forget')
    const from = performance.now()
    const reader = await stall({ port: portOf(server, spoken), path: `/freed/${format}`, spoken, coding })
    try {
      await freed(from)
    } finally {
      reader.leave()
    }
    await wait(30)
    expect((await server.ask('count')).descriptors).toBeLessThanOrEqual(before.descriptors)
  })

  async function freed(from: number): Promise<void> {
    let seen = await server.ask('count')
    while (seen.endings.length === 0 && performance.now() - from < 4000) {
      await wait(10)
      seen = await server.ask('count')
    }
    const ms = performance.now() - from
    expect(seen.endings).toEqual([{ outcome: 'timeout', code: 'STALL_TIMEOUT' }])
    expect(ms).toBeGreaterThan(STALL_MS - 20)
    expect(ms).toBeLessThan(STALL_MS + 1500)
    expect(seen.live, 'generators and files that are open').toBe(0)
  }
})
