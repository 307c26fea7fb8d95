/** Makes a finding small: the fewest inputs, and the fewest bytes, that still bring its fault about. */
import { type FuzzOptions, type Finding, replay } from './fuzzer.ts'
import { type Input, type Step, send } from './input.ts'

type ShrinkOptions = Pick<FuzzOptions, 'fault' | 'settleMs' | 'ignored'> & {
  /** How long it may take, in milliseconds. */
  readonly shrinkMs: number
}

/** @returns the inputs that are left; all of them where the fault did not show again. */
export async function shrink(finding: Finding, options: ShrinkOptions): Promise<readonly Input[]> {
  const deadline = performance.now() + options.shrinkMs
  const isLate = () => performance.now() > deadline
  const fails = async (inputs: readonly Input[]) =>
    !isLate() && (await replay(inputs, options, finding.oracle))?.oracle === finding.oracle
  let inputs = finding.suspects
  // The latest of them are the most likely ones.
  for (let size = Math.ceil(inputs.length / 2); inputs.length > 1 && !isLate(); size = Math.ceil(size / 2)) {
    inputs = await fewer(inputs, size, fails)
    if (size === 1) break
  }
  if (inputs.length !== 1) return inputs
  return [await smaller(inputs[0]!, async (input) => fails([input]))]
}

type Fails<T> = (candidate: T) => Promise<boolean>

/** Leaves out runs of a size, the first ones first. */
async function fewer(
  inputs: readonly Input[],
  size: number,
  fails: Fails<readonly Input[]>,
): Promise<readonly Input[]> {
  for (let at = 0; at < inputs.length;) {
    const rest = [...inputs.slice(0, at), ...inputs.slice(at + size)]
    if (rest.length > 0 && (await fails(rest))) inputs = rest
    else at += size
  }
  return inputs
}

async function smaller(input: Input, fails: Fails<Input>): Promise<Input> {
  let best = input
  for (let at = 0; at < best.steps.length;) {
    const without = { ...best, steps: best.steps.toSpliced(at, 1) }
    if (await fails(without)) best = without
    else at++
  }
  for (let at = 0; at < best.steps.length; at++) {
    const step = best.steps[at]!
    if (step.kind !== 'send') continue
    const replaced = (bytes: Buffer): Input => ({
      ...best,
      steps: best.steps.with(at, send(bytes)) as Step[],
    })
    best = replaced(await shorter(step.bytes, (bytes) => fails(replaced(bytes))))
  }
  return best
}

async function shorter(bytes: Buffer, fails: Fails<Buffer>): Promise<Buffer> {
  for (let size = bytes.length >> 1; size >= 8; size >>= 1) {
    for (let at = 0; at < bytes.length;) {
      const rest = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)])
      if (await fails(rest)) bytes = rest
      else at += size
    }
  }
  return bytes
}
