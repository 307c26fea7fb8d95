/**
 * One round of one scenario: every server starts, then they take turns in short slices, A B C D, A B C D.
 *
 * Who is not measured is stopped (SIGSTOP), so each has the machine to itself, and yet what disturbs the machine for
 * some seconds falls on all of them. Each slice begins with the warm-up, unmeasured: whoever has waited for seconds
 * has cold caches, and begins with a collection of garbage that takes optimized code with it. A server's value of the
 * round is the median of its slices.
 */
import { launch } from './launch.mjs'
import { spread } from './summary.mjs'

/**
 * @typedef {object} Plan
 * @property {string[]} servers
 * @property {number} round
 * @property {number} slices
 * @property {{ file: string, old?: string | undefined }} launching
 * @property {(server: import('./launch.mjs').Server) => Promise<unknown>} warm
 * @property {(server: import('./launch.mjs').Server) => Promise<import('./summary.mjs').Sample>} run
 */

/** @returns {Promise<import('./summary.mjs').Run[]>} */
export async function playRound(/** @type {Plan} */ { servers, round, slices, launching, warm, run }) {
  const failures = /** @type {Map<string, string>} */ (new Map())
  const samples = new Map(servers.map((name) => [name, /** @type {import('./summary.mjs').Sample[]} */ ([])]))
  const started = /** @type {import('./launch.mjs').Server[]} */ ([])

  const attempt = async (/** @type {string} */ name, /** @type {() => Promise<unknown>} */ work) => {
    if (failures.has(name)) return
    try {
      await work()
    } catch (error) {
      failures.set(name, error instanceof Error ? error.message : String(error))
    }
  }
  try {
    for (const name of servers) {
      await attempt(name, async () => {
        const server = await launch(name, launching)
        started.push(server)
        server.freeze()
      })
    }
    for (let slice = 0; slice < slices; slice++) {
      for (const server of started) {
        await attempt(server.name, async () => {
          server.thaw()
          await warm(server)
          samples.get(server.name)?.push(await run(server))
        })
        server.freeze()
      }
    }
  } finally {
    await Promise.all(started.map((server) => server.stop()))
  }
  return servers.map((server) => {
    const failure = failures.get(server)
    return failure === undefined
      ? { server, round, sample: medians(samples.get(server) ?? []) }
      : { server, round, failure }
  })
}

/** The median of each metric. @returns {import('./summary.mjs').Sample} */
function medians(/** @type {import('./summary.mjs').Sample[]} */ slices) {
  const keys = Object.keys(slices[0] ?? {})
  return Object.fromEntries(
    keys.map((key) => [key, spread(slices.flatMap((slice) => slice[key] ?? []))?.median ?? Number.NaN]),
  )
}
