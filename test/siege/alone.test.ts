/** One connection, whatever it sends, takes neither the memory nor the event loop of a server. */
import { afterAll, describe, expect, test } from 'vitest'
import type { Attack } from './attack/attack.ts'
import { GET } from './attack/connection.ts'
import { ATTACKS } from './attack/index.ts'
import { Bench, type Cost, measureAlone } from './measure.ts'
import { printTable, type Row } from './table.ts'

const MOST_MIB = 40
/** On a quiet machine it is 50, but for what Node's parsers take (docs/security.md); CI's are shared. */
const MOST_MS = 180

const bench = new Bench()
const costs: [Attack, Cost][] = []

/** What is wrong with it. */
function complaints({ stays }: Attack, { peakMib, blockMs, left, survived }: Cost): string[] {
  if (!survived) return ['the process has ended']
  const said: string[] = []
  if (peakMib > MOST_MIB) said.push(`${peakMib.toFixed(0)} MiB of memory`)
  if (blockMs > MOST_MS) said.push(`${blockMs.toFixed(0)} ms without a turn of the loop`)
  if (left > 0 && stays === undefined) said.push(`${left} connections are left`)
  return said
}

/** How often one that is bad is measured, each time with another server. */
const TRIES = 3

/**
 * Measured again when it is bad: on a shared machine a pause may be the machine's, and the allocator keeps more
 * or less of the memory that was freed.
 */
async function measure(attack: Attack, on: Bench): Promise<string[]> {
  let cost = await measureAlone(await on.server(), attack)
  for (let n = 1; n < TRIES && cost.survived && complaints(attack, cost).length > 0; n++) {
    on.stop()
    cost = await measureAlone(await on.server(), attack)
  }
  costs.push([attack, cost])
  return complaints(attack, cost)
}

afterAll(() => {
  bench.stop()
  const worst = costs.toSorted(([, a], [, b]) => weight(b) - weight(a))
  const rows = worst.map(([{ name }, cost]): Row => {
    return [name, cost.peakMib.toFixed(0), cost.heldMib.toFixed(0), cost.blockMs.toFixed(0)]
  })
  printTable(['alone', 'peak MiB', 'held MiB', 'longest pause ms'], rows)
})

const weight = ({ peakMib, blockMs, survived }: Cost) =>
  survived ? Math.max(peakMib / MOST_MIB, blockMs / MOST_MS) : Infinity

const only = process.env['SIEGE_ONLY'] ?? ''

test.each(ATTACKS.filter(({ name }) => name.includes(only)))(
  '$name',
  async (attack) => expect(await measure(attack, bench)).toEqual([]),
  60_000,
)

describe('control', () => {
  const bad = new Bench('bad-server.mjs')
  afterAll(() => bad.stop())
  test.each([
    ['a server that works for 200 ms', '/block', /ms without/],
    ['a server that keeps 64 MiB', '/keep', /MiB of memory/],
    ['a server that ends', '/end', /has ended/],
  ])('%s is caught', async (_, path, complaint) => {
    const run: Attack['run'] = (hostile) => hostile.open(hostile.ports.http1).write(GET(path))
    const said = await measure({ name: `control: ${path}`, door: 'http1', run }, bad)
    costs.pop()
    expect(said).toContainEqual(expect.stringMatching(complaint))
  })
})
