import { afterAll, expect, test } from 'vitest'
import { ATTACKS } from './attack/index.ts'
import { Bench, measureAlone } from './measure.ts'
const bench = new Bench()
afterAll(() => bench.stop())
const only = process.env['SIEGE_ONLY']
test.each(ATTACKS.filter(({ name }) => only === undefined || name.includes(only)))(
  '$name',
  async (attack) => {
    const cost = await measureAlone(await bench.server(), attack)
    const bad = cost.peakMib > 40 || cost.blockMs > 50 || cost.left > 0 || !cost.survived
    console.log(
      `${bad ? 'BAD' : 'ok '} ${attack.name.padEnd(60)} peak ${cost.peakMib.toFixed(0).padStart(4)} held ${cost.heldMib.toFixed(0).padStart(4)} block ${cost.blockMs.toFixed(0).padStart(5)} wall ${cost.blockWallMs.toFixed(0).padStart(5)} left ${cost.left} ${cost.survived ? '' : 'DEAD'}`,
    )
  },
  90_000,
)
