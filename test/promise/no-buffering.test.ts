/**
 * Promise 5: what is yielded reaches the client within 5 ms at p99, through ten middlewares, with a log
 * line per item, and through gzip and brotli. Items carry the time they were yielded at; the client
 * decodes as it reads. At the same time the same is read from a bare node:http server: what that takes
 * is the machine's, and the best of eight runs counts.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { connect as connectHttp2 } from 'node:http2'
import type { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawConnection } from '../contract/raw-client.ts'
import { within } from '../contract/transport.ts'
import { bestOf, type Compared, ownPart, round, show } from './measure.ts'

const PROMISED_MS = 5
const RUNS = 8
const ITEMS = 300

interface Ports {
  readonly http1: number
  readonly http2: number
}

const children: ChildProcess[] = []
let ports: Ports
let bare: Ports
beforeAll(async () => {
  ports = await start('millrace')
  bare = await start('bare')
})
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

function start(mode: 'millrace' | 'bare'): Promise<Ports> {
  const child = fork(new URL('no-buffering-server.mjs', import.meta.url), [mode])
  children.push(child)
  return within(
    new Promise<Ports>((resolve) => child.once('message', (told) => resolve(told as Ports))),
    'the ports',
  )
}

type Coding = 'identity' | 'gzip' | 'br'

interface Asked {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2'
  readonly port: number
  readonly path: string
  readonly coding: Coding
}

/** The milliseconds from each yield to its arrival here. */
async function delays({ protocol, port, path, coding }: Asked): Promise<number[]> {
  const took: number[] = []
  const decoder = decoderOf(coding)
  let text = ''
  const note = (bytes: Buffer | string) => {
    const now = Number(process.hrtime.bigint()) / 1e6
    text += String(bytes)
    let at = 0
    for (const match of text.matchAll(/<([\d.]+)>/g)) {
      took.push(now - Number(match[1]))
      at = match.index + match[0].length
    }
    text = text.slice(at)
  }
  decoder?.on('data', note)
  const take = decoder === undefined ? note : (bytes: Buffer) => void decoder.write(bytes)
  await (protocol === 'HTTP/1.1' ? readHttp1(port, path, coding, take) : readHttp2(port, path, coding, take))
  if (decoder !== undefined)
    await new Promise((resolve, reject) => decoder.once('end', resolve).once('error', reject).end())
  return took
}

function decoderOf(coding: Coding) {
  if (coding === 'gzip') return createGunzip()
  return coding === 'br' ? createBrotliDecompress() : undefined
}

async function readHttp1(
  port: number,
  path: string,
  coding: Coding,
  take: (bytes: Buffer) => void,
): Promise<void> {
  const connection = await RawConnection.open(port)
  try {
    const reply = await connection.request('GET', path, { headers: { 'accept-encoding': coding } })
    expect(reply.headers['content-encoding'] ?? 'identity').toBe(coding)
    for (let piece = await reply.bytes(); piece !== undefined; piece = await reply.bytes()) take(piece)
  } finally {
    connection.destroy()
  }
}

async function readHttp2(
  port: number,
  path: string,
  coding: Coding,
  take: (bytes: Buffer) => void,
): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  const stream: Readable = session.request({ ':path': path, 'accept-encoding': coding })
  stream.on('data', take)
  await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject))
  session.destroy()
}

async function p99(
  protocol: Asked['protocol'],
  path: string,
  coding: Coding,
  isControl = false,
): Promise<Compared> {
  const port = protocol === 'HTTP/1.1' ? ports.http1 : ports.http2
  const what = isControl ? undefined : `yield to client, ${protocol}, ${coding}, ${path.slice(1)}`
  return bestOf(what, RUNS, PROMISED_MS, async () => {
    const [ours, floor] = await Promise.all([
      delays({ protocol, port, path: `${path}/${ITEMS}`, coding }),
      delays({ protocol: 'HTTP/1.1', port: bare.http1, path: `/${ITEMS}`, coding: 'identity' }),
    ])
    expect(ours.length, 'items that arrived').toBe(ITEMS)
    return { ours: ours.slice(10), floor: floor.slice(10) }
  })
}

for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const) {
  for (const coding of ['identity', 'gzip', 'br'] as const) {
    test(`yield to client: ten middlewares and a log, ${protocol}, ${coding}`, async () => {
      const shown: Record<string, string> = {}
      for (const path of ['/text', '/jsonl', '/sse', '/transformed']) {
        const best = await p99(protocol, path, coding)
        shown[path] = `${round(best.ours)} (bare ${round(best.floor)})`
        expect(ownPart(best), path).toBeLessThanOrEqual(PROMISED_MS)
      }
      show(`yield to client, p99 ms, ${protocol}, ${coding}`, shown)
    }, 60_000)
  }
}

test('control: a middleware that buffers is caught', async () => {
  const best = await p99('HTTP/1.1', '/buffered', 'identity', true)
  show('control: a middleware that buffers', { 'p99 ms': best.ours, bare: best.floor })
  expect(ownPart(best)).toBeGreaterThan(PROMISED_MS)
}, 60_000)
