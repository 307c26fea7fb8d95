/**
 * 200 slow readers of a large file cost at most 40 MB of resident memory, of the server's own process.
 * Idle is what it is after one fast download of the whole file, which is also what makes it compile.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { wait, within } from '../contract/transport.ts'
import { show } from './measure.ts'

const READERS = 200
const MB = 1_000_000
const PROMISED = 40 * MB
const FILE_BYTES = 512 * 1024 * 1024
/** Each reader takes so much, so often: about 300 kB/s. */
const BYTES = 64 * 1024
const EVERY_MS = 200
const SECONDS = 8

const folder = mkdtempSync(join(tmpdir(), 'millrace-download-'))
const file = join(folder, 'large.bin')
writeFileSync(file, '')
// Holes take no room on the disk, and read like anything else.
truncateSync(file, FILE_BYTES)
afterAll(() => rmSync(folder, { recursive: true }))

const told = (child: ChildProcess) =>
  within(new Promise<number>((resolve) => child.once('message', resolve as never)), 'an answer', 20_000)

function residentMemory(child: ChildProcess): Promise<number> {
  child.send('rss')
  return told(child)
}

class SlowReader {
  received = 0
  #allowed = 0
  readonly #socket: Socket

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.on('error', () => {})
    this.#socket.on('data', (bytes) => {
      this.received += bytes.byteLength
      if (this.received >= this.#allowed) this.#socket.pause()
    })
    this.#socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  }

  readSome(): void {
    this.#allowed = this.received + BYTES
    this.#socket.resume()
  }

  leave(): void {
    this.#socket.destroy()
  }
}

/** The most that the server's resident memory grows by, in bytes. */
async function grownBy(mode: 'millrace' | 'naive'): Promise<number> {
  const child = fork(new URL('download-server.mjs', import.meta.url), [mode, file])
  const readers: SlowReader[] = []
  try {
    const port = await told(child)
    const warm = await fetch(`http://127.0.0.1:${port}/`)
    for await (const bytes of warm.body!) void bytes
    await wait(1000)
    const idle = await residentMemory(child)
    let most = idle
    for (let i = 0; i < READERS; i++) readers.push(new SlowReader(port))
    for (let i = 0; i < (SECONDS * 1000) / EVERY_MS; i++) {
      for (const reader of readers) reader.readSome()
      await wait(EVERY_MS)
      most = Math.max(most, await residentMemory(child))
    }
    expect(Math.min(...readers.map(({ received }) => received))).toBeGreaterThan(BYTES)
    show(`${mode}: resident memory for ${READERS} slow readers, MB`, {
      idle: idle / MB,
      grown: (most - idle) / MB,
    })
    return most - idle
  } finally {
    for (const reader of readers) reader.leave()
    child.disconnect()
  }
}

describe('200 slow readers of a file of 512 MiB', () => {
  test('cost at most 40 MB', async () => {
    expect(await grownBy('millrace')).toBeLessThanOrEqual(PROMISED)
  }, 60_000)

  test('control: a server that reads 1 MiB for each does not', async () => {
    expect(await grownBy('naive')).toBeGreaterThan(PROMISED * 2)
  }, 60_000)
})
