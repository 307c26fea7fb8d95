/**
 * The fuzzer, for half a minute: first every input that ever hurt, then new ones of a fixed seed. By hand, for
 * longer and with another seed: `npm run fuzz -- --minutes 60`.
 */
import { expect, test } from 'vitest'
import { readCorpus } from './corpus.ts'
import { fuzz, type FuzzOptions } from './fuzzer.ts'
import { formatInput, GRAMMARS, parseInput } from './input.ts'
import { generate } from './generate.ts'
import { allBut } from './oracle.ts'
import { summary } from './summary.ts'

const SEED = 42
const corpus = readCorpus()
const base: FuzzOptions = {
  seed: SEED,
  ms: 30_000,
  batchMs: 6000,
  settleMs: 8000,
  grammars: GRAMMARS,
  corpus,
}

test(
  'half a minute of hostile clients ends no process, and leaves nothing',
  { timeout: 90_000 },
  async () => {
    const { counts, finding } = await fuzz(base)
    process.stdout.write(`[fuzz] ${summary(counts, SEED, finding === undefined ? 0 : 1)}\n`)
    expect(finding && `${finding.oracle}: ${finding.what}`).toBeUndefined()
    for (const grammar of GRAMMARS) expect([grammar, counts[grammar] > 50]).toEqual([grammar, true])
  },
)

const control = {
  ...base,
  ms: 60_000,
  batchMs: 1500,
  settleMs: 2500,
  corpus: [],
  grammars: ['http1'] as const,
}

test(
  'control: a build with finding 1 put back is found within a minute, without the corpus',
  {
    timeout: 90_000,
  },
  async () => {
    const { finding } = await fuzz({ ...control, ignored: allBut('alive'), fault: 'version' })
    expect(finding?.what).toContain('what a client writes')
  },
)

/** Which oracle finds which fault. */
const FAULTS = {
  dependency: 'dependencies',
  handler: 'handlers',
  timer: 'timers',
  file: 'files',
  memory: 'memory',
  connection: 'connections',
  loop: 'loop',
  order: 'order',
  silence: 'answer',
  framing: 'reply',
  slow: 'probe',
}
for (const [fault, oracle] of Object.entries(FAULTS))
  test.concurrent(`control: a fault of the kind "${fault}" is found`, { timeout: 90_000 }, async () => {
    const { finding } = await fuzz({
      ...control,
      isHonest: true,
      without: /proxy/,
      ignored: allBut(oracle),
      fault,
    })
    expect(finding?.oracle).toBe(oracle)
  })

test('the same seed gives the same inputs', () => {
  const inputs = (seed: number) =>
    Array.from({ length: 50 }, (_, i) => formatInput(generate({ ...base, seed }, corpus.length + i), ''))
  expect(inputs(1)).toEqual(inputs(1))
  expect(inputs(1)).not.toEqual(inputs(2))
})

test('every seed is read as it was written', () => {
  for (const { input } of corpus) {
    const text = formatInput(input, 'why')
    expect(formatInput(parseInput(text), 'why')).toBe(text)
  }
})
