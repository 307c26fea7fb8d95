/**
 * Promise 5: what is yielded reaches the client within 5 ms at p99, through ten middlewares, with a log
 * line per item, and through gzip and brotli. Items carry the time they were yielded at; the client
 * decodes as it reads. The least of three runs counts, since what else runs can only add.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { connect as connectHttp2 } from 'node:http2'
import type { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawConnection } from '../contract/raw-client.ts'
import { within } from '../contract/transport.ts'
import { bestOf, quantile, show } from './measure.ts'

const PROMISED_MS = 5
const RUNS = 3
const ITEMS = 300

let child: ChildProcess
let ports: { http1: number; http2: number }
beforeAll(async () => {
  child = fork(new URL('no-buffering-server.mjs', import.meta.url))
  ports = await within(
    new Promise<typeof ports>((resolve) => child.once('message', (told) => resolve(told as typeof ports))),
    'the ports',
  )
})
afterAll(() => child.kill('SIGKILL'))

type Coding = 'identity' | 'gzip' | 'br'

/** The milliseconds from each yield to its arrival here. */
async function delays(protocol: 'HTTP/1.1' | 'HTTP/2', path: string, coding: Coding): Promise<number[]> {
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
  await (protocol === 'HTTP/1.1' ? readHttp1(path, coding, take) : readHttp2(path, coding, take))
  if (decoder !== undefined) await new Promise((resolve, reject) => decoder.once('end', resolve).once('error', reject).end())
  return took
}

function decoderOf(coding: Coding) {
  if (coding === 'gzip') return createGunzip()
  return coding === 'br' ? createBrotliDecompress() : undefined
}

async function readHttp1(path: string, coding: Coding, take: (bytes: Buffer) => void): Promise<void> {
  const connection = await RawConnection.open(ports.http1)
  try {
    const reply = await connection.request('GET', path, { headers: { 'accept-encoding': coding } })
    expect(reply.headers['content-encoding'] ?? 'identity').toBe(coding)
    for (let piece = await reply.bytes(); piece !== undefined; piece = await reply.bytes()) take(piece)
  } finally {
    connection.destroy()
  }
}

async function readHttp2(path: string, coding: Coding, take: (bytes: Buffer) => void): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${ports.http2}`)
  const stream: Readable = session.request({ ':path': path, 'accept-encoding': coding })
  stream.on('data', take)
  await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject))
  session.destroy()
}

async function p99(protocol: 'HTTP/1.1' | 'HTTP/2', path: string, coding: Coding): Promise<number> {
  return bestOf(RUNS, PROMISED_MS, async () => {
    const took = await delays(protocol, `${path}/${ITEMS}`, coding)
    expect(took.length, 'items that arrived').toBe(ITEMS)
    return quantile(took.slice(10), 0.99)
  })
}

for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const) {
  for (const coding of ['identity', 'gzip', 'br'] as const) {
    test(`yield to client: ten middlewares and a log, ${protocol}, ${coding}`, async () => {
      const shown: Record<string, number> = {}
      for (const path of ['/text', '/jsonl', '/sse', '/transformed']) shown[path] = await p99(protocol, path, coding)
      show(`yield to client, p99 ms, ${protocol}, ${coding}`, shown)
      for (const [path, best] of Object.entries(shown)) expect(best, path).toBeLessThanOrEqual(PROMISED_MS)
    }, 60_000)
  }
}

test('control: a middleware that buffers is caught', async () => {
  const best = await p99('HTTP/1.1', '/buffered', 'identity')
  show('control: a middleware that buffers', { 'p99 ms': best })
  expect(best).toBeGreaterThan(PROMISED_MS)
})
