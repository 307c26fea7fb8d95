/**
 * The fuzzer by hand: `npm run fuzz -- --minutes 60 --seed 42`.
 *
 * --only http1,tls     grammars to play
 * --no-corpus          without the seeds
 * --replay file        plays one input, and says what is wrong
 * --without pattern    leaves out inputs whose port and bytes match
 * --ignore loop,log    oracles that are not asked
 * --fault version      puts a fault of target/fault.mjs in
 * --shrink seconds     how long a finding may take to be made small
 */
import { parseArgs } from 'node:util'
import { readCorpus, readInput, writeFinding } from './corpus.ts'
import { type Counts, type Finding, fuzz, type FuzzOptions, replay } from './fuzzer.ts'
import { matches } from './generate.ts'
import { GRAMMARS, type Grammar, type Input } from './input.ts'
import { shrink } from './shrink.ts'
import { summary } from './summary.ts'

/** Most of what is left when a finding is made small is left for good; so it is not waited for as long. */
const SHRINK_SETTLE_MS = 3500

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    only: { type: 'string', default: GRAMMARS.join(',') },
    'no-corpus': { type: 'boolean', default: false },
    replay: { type: 'string' },
    without: { type: 'string' },
    ignore: { type: 'string', default: '' },
    fault: { type: 'string' },
    shrink: { type: 'string', default: '120' },
  },
})

const without = values.without === undefined ? undefined : new RegExp(values.without)
const isWanted = (input: Input) => without === undefined || !matches(without, input)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const options: FuzzOptions = {
  seed,
  ms: Number(values.minutes) * 60_000,
  batchMs: 10_000,
  settleMs: 8000,
  grammars: values.only.split(',') as Grammar[],
  corpus: values['no-corpus'] ? [] : readCorpus().filter(({ input }) => isWanted(input)),
  without,
  ignored: new Set(values.ignore.split(',')),
  fault: values.fault,
  onBatch: progress,
}
const started = performance.now()
let shown = -Infinity

function progress(counts: Counts, memory: string): void {
  if (performance.now() - shown < 60_000) return
  shown = performance.now()
  console.log(`${Math.round((shown - started) / 1000)} s: ${summary(counts, seed, 0)}, ${memory}`)
}

async function replayed(path: string): Promise<boolean> {
  const suspects = [readInput(path)]
  const fault = await replay(suspects, options)
  if (fault === undefined) console.log('no fault')
  else await report({ ...fault, suspects })
  return fault === undefined
}

async function fuzzed(): Promise<boolean> {
  const { counts, finding } = await fuzz(options)
  console.log(summary(counts, seed, finding === undefined ? 0 : 1))
  if (finding !== undefined) await report(finding)
  return finding === undefined
}

/** Makes a finding small, and writes it down. */
async function report(finding: Finding): Promise<void> {
  console.log(
    `${finding.oracle}: ${finding.what}\n${finding.suspects.length} inputs may have brought it about; making it small`,
  )
  const inputs = await shrink(finding, {
    ...options,
    settleMs: SHRINK_SETTLE_MS,
    shrinkMs: Number(values.shrink) * 1000,
  })
  for (const [i, input] of inputs.slice(-40).entries())
    console.log(writeFinding(`${finding.oracle}-${seed}-${i}`, input, `${finding.oracle}: ${finding.what}`))
}

const isFine = await (values.replay === undefined ? fuzzed() : replayed(values.replay))
process.exit(isFine ? 0 : 1)
