import { expect } from 'vitest'
import { writeFileSync } from 'node:fs'
import type { Claims } from '../program.ts'

/** How long a whole body took, in milliseconds. */
async function timed(url: string, headers: Record<string, string> = {}) {
  const from = performance.now()
  const { byteLength } = await (await fetch(url, { headers })).arrayBuffer()
  return { byteLength, ms: performance.now() - from }
}

export const claims: Claims = {
  async 'throttle.ts'({ url }) {
    writeFileSync('video.mp4', new Uint8Array(40_000))
    const [exported, low, high] = await Promise.all([
      timed(`${url}/export`),
      timed(`${url}/video?quality=low`),
      timed(`${url}/video`),
    ])
    for (const slow of [exported, low]) {
      expect(slow.byteLength).toBe(40_000)
      // Two seconds, less what may leave at the start.
      expect(slow.ms).toBeGreaterThan(1700)
    }
    expect(high.byteLength).toBe(40_000)
    expect(high.ms).toBeLessThan(exported.ms)
  },

  async 'client.ts'({ url }) {
    const archive = `${url}/archive`
    const of = (key: string) => timed(archive, { 'x-api-key': key })
    const [first, second, other, made, up] = await Promise.all([
      of('key-of-ada'),
      of('key-of-ada'),
      of('key-of-bob'),
      of('made'),
      of('up'),
    ])
    // Together 40 000 bytes, of which 10 000 leave at once.
    expect(Math.max(first.ms, second.ms)).toBeGreaterThan(1200)
    expect(Math.max(made.ms, up.ms)).toBeGreaterThan(1200)
    expect(other.ms).toBeGreaterThan(300)
    expect(other.ms).toBeLessThan(Math.max(first.ms, second.ms))
  },
}
