/**
 * What every Node server of the bench serves: the same object, the same generators, the same file, the same `/stats`.
 * Only the way these values reach the client is each framework's own.
 */
import { open } from 'node:fs/promises'

/** The file behind `/download` and `/async-download`; made by the bench before any server starts. */
export const file = process.env.BENCH_FILE ?? ''

/** The body of `/json`. A function, because a handler makes its answer anew each time. */
export const item = () => ({
  hello: 'world',
  id: 42,
  name: 'Millrace',
  price: 9.99,
  tags: ['stream', 'json'],
  active: true,
})

/** `/burst`: as fast as the reader takes it. */
export async function* frames(/** @type {number} */ count) {
  for (let i = 0; i < count; i++) yield `frame ${i}\n`
}

/** `/paced`: one yield per macrotask. */
export async function* pacedFrames(/** @type {number} */ count) {
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    yield `frame ${i}\n`
  }
}

/** `/async-download`: the first `bytes` of the file, each chunk read by its own asynchronous call. */
export async function* fileChunks(/** @type {number} */ chunk, /** @type {number} */ bytes) {
  const handle = await open(file)
  try {
    for (let position = 0; position < bytes;) {
      const buffer = Buffer.allocUnsafe(chunk)
      const { bytesRead } = await handle.read(buffer, 0, Math.min(chunk, bytes - position), position)
      if (bytesRead === 0) return
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** Bytes each `/endless?reader=N` has made so far. @type {Record<string, number>} */
const produced = {}

/** `/endless`: 1 KiB strings for ever, each a new string, all counted. */
export async function* endless(/** @type {string} */ reader) {
  produced[reader] = 0
  for (let i = 0; ; i++) {
    produced[reader] += 1024
    yield `${i}`.padEnd(1023, '.') + '\n'
  }
}

/** `/stats`: what this process has used and holds. `?gc=1` collects garbage first. */
export function stats(/** @type {string | null | undefined} */ gc) {
  if (gc === '1') globalThis.gc?.()
  const cpu = process.cpuUsage()
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  return { cpuUser: cpu.user, cpuSystem: cpu.system, rss, heapUsed, external, arrayBuffers, produced }
}

/** Tells the bench where this server listens. */
export const ready = (/** @type {number} */ port) => console.log(`listening ${port}`)
