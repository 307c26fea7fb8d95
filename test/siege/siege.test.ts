/**
 * Many hostile connections of one kind, and an honest client that is served all the while.
 * `SIEGE_CONNECTIONS=1000` makes it a full siege: of all kinds, with a table.
 */
import { afterAll, expect, test } from 'vitest'
import type { Attack } from './attack/attack.ts'
import { GET } from './attack/connection.ts'
import { ATTACKS } from './attack/index.ts'
import { type Crowd, measureCrowd, type Service } from './crowd.ts'
import { Bench } from './measure.ts'
import { printTable, type Row } from './table.ts'

const MOST_P99_MS = 100
const asked = process.env['SIEGE_CONNECTIONS']
const connections = Number(asked ?? 200)
const crowd: Crowd = { connections, stayMs: asked === undefined ? 400 : 2000 }

const bench = new Bench()
const services: [Attack, Service][] = []

/** What is wrong with it. */
function complaints({ stays }: Attack, { p99, failures, left, survived }: Service): string[] {
  if (!survived) return ['the process has ended']
  const said = Object.entries(failures).map(([what, times]) => `${times} x ${what}`)
  if (p99 > MOST_P99_MS) said.push(`p99 of ${p99.toFixed(0)} ms`)
  if (left > 0 && stays === undefined) said.push(`${left} connections are left`)
  return said
}

async function serve(attack: Attack, on: Bench): Promise<Service> {
  const server = await on.server()
  return measureCrowd(server, await on.honest(server, attack.door), attack, crowd)
}

async function measure(attack: Attack, on: Bench): Promise<string[]> {
  let service = await serve(attack, on)
  if (service.survived && complaints(attack, service).length > 0) {
    on.stop()
    service = await serve(attack, on)
  }
  services.push([attack, service])
  return complaints(attack, service)
}

afterAll(() => {
  bench.stop()
  const worst = services.toSorted(([, a], [, b]) => b.p99 - a.p99)
  const rows = worst.map(([{ name }, { p50, p99, asked }]): Row => [
    name,
    p50.toFixed(1),
    p99.toFixed(1),
    asked,
  ])
  printTable([`${connections} at once`, 'p50 ms', 'p99 ms', 'requests'], rows)
})

const only = process.env['SIEGE_ONLY'] ?? ''
const kinds = ATTACKS.filter(({ alone, inCi }) => (asked === undefined ? inCi === true : alone === undefined))

test.each(kinds.filter(({ name }) => name.includes(only)))(
  '$name',
  async (attack) => expect(await measure(attack, bench)).toEqual([]),
  90_000,
)

test('control: a server that works for 200 ms is caught', async () => {
  const bad = new Bench('bad-server.mjs')
  const run: Attack['run'] = (hostile) => hostile.open(hostile.ports.http1).write(GET('/block'))
  const said = await measure({ name: 'control', door: 'http1', everyMs: 20, run }, bad)
  services.pop()
  bad.stop()
  expect(said).toContainEqual(expect.stringMatching(/p99|late/))
}, 60_000)
