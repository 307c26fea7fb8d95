import { afterAll, test } from 'vitest'
import { ATTACKS } from './attack/index.ts'
import { Child, type Door } from './child.ts'
import { measureCrowd } from './crowd.ts'
import { Bench } from './measure.ts'
const bench = new Bench()
const N = Number(process.env['SIEGE_CONNECTIONS'] ?? 200)
const only = process.env['SIEGE_ONLY']
afterAll(() => bench.stop())
test.each(
  ATTACKS.filter(({ alone, name }) => alone === undefined && (only === undefined || name.includes(only))),
)(
  '$name',
  async (attack) => {
    const server = await bench.server()
    const honest = await Child.start('honest.mjs', attack.door as Door, String(server.ports[attack.door]))
    const s = await measureCrowd(server, honest, attack, { connections: N, arrivalMs: 2 * N, stayMs: 1500 })
    honest.stop()
    const bad = s.p99 > 100 || Object.keys(s.failures).length > 0 || s.left > 0
    console.log(
      `${bad ? 'BAD' : 'ok '} ${attack.name.padEnd(60)} p50 ${s.p50.toFixed(1).padStart(7)} p99 ${s.p99.toFixed(1).padStart(8)} n ${s.asked} ${JSON.stringify(s.failures)} left ${s.left} ${s.survived ? '' : 'DEAD'}`,
    )
  },
  90_000,
)
