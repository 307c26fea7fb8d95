import type { Counts } from './fuzzer.ts'

const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ' ')

/** One line: `http1 12 345, http2 8 210, websocket 4 500, tls 1 200 inputs, seed 42, 0 findings`. */
export function summary(counts: Counts, seed: number, findings: number): string {
  const each = Object.entries(counts).map(([name, count]) => `${name} ${grouped(count)}`)
  return `${each.join(', ')} inputs, seed ${seed}, ${findings} findings`
}
