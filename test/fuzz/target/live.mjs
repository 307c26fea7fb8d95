/** Counts what the app has open, and reports it to the fuzzer together with what Node has open. */
import { readdirSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { HttpError } from 'millrace'

/** How often the loop is looked at, in milliseconds. */
const TICK_MS = 10
const MIB = 1024 * 1024

export const live = { handlers: 0, dependencies: 0, afters: 0, requests: 0 }

/** Errors in the log that no handler threw on purpose, by their message. */
const errors = new Map()
/** The longest time that the loop was held, in milliseconds, and the largest resident set, since the last census. */
const most = { loopMs: 0, rss: 0 }

/** Marks errors that routes of the app throw on purpose. */
export class OnPurpose extends Error {}

export const log = {
  debug() {},
  info() {},
  warn() {},
  error(fields, message) {
    if (isOnPurpose(fields.err)) return
    const what = `${message}: ${fields.err?.stack ?? fields.err}`.slice(0, 1500)
    if (errors.size < 20) errors.set(what, (errors.get(what) ?? 0) + 1)
  },
}

/** @param message what it says, where that matters. */
export function isOnPurpose(error, message) {
  try {
    // What takes too long, or is not implemented, is logged, rightly.
    if (error instanceof HttpError) return message === undefined
    const own = error instanceof OnPurpose ? error : error?.cause
    return own instanceof OnPurpose && (message ?? own.message) === own.message
  } catch {
    // A revoked proxy, which is thrown on purpose, too.
    return message === undefined
  }
}

/** Counts a handler until it returns or rejects. */
export const counted = (handler) => async (context) => {
  live.handlers++
  live.afters++
  try {
    context.after(() => void live.afters--)
    return await handler(context)
  } finally {
    live.handlers--
  }
}

/** Counts a generator until its `finally`. */
export const streamed = (generate) =>
  async function* (context) {
    live.handlers++
    live.afters++
    try {
      context.after(() => void live.afters--)
      yield* generate(context)
    } finally {
      live.handlers--
    }
  }

/** Watches the loop. Processor time bounds each block, so a process that the system stops is not blamed. */
export function watchLoop() {
  let at = performance.now()
  let cpu = process.cpuUsage()
  setInterval(() => {
    const now = performance.now()
    const used = process.cpuUsage(cpu)
    const blockMs = Math.min(now - at - TICK_MS, (used.user + used.system) / 1000)
    most.loopMs = Math.max(most.loopMs, blockMs)
    most.rss = Math.max(most.rss, process.memoryUsage.rss())
    at = now
    cpu = process.cpuUsage()
  }, TICK_MS).unref()
}

/** What has happened since the last look, without a collection. */
export function look() {
  const { loopMs, rss } = most
  most.loopMs = 0
  most.rss = 0
  return { loopMs, rssMiB: rss / MIB, errors: [...errors.keys()] }
}

/** What is open now. Collects garbage first. */
export async function census(folders) {
  for (let i = 0; i < 3; i++) {
    globalThis.gc()
    await wait(5)
  }
  const seen = look()
  const { heapUsed, external } = process.memoryUsage()
  const resources = process.getActiveResourcesInfo()
  const count = (...kinds) => resources.filter((kind) => kinds.includes(kind)).length
  look()
  return {
    ...seen,
    ...live,
    connections: count('TCPSocketWrap', 'TLSWrap'),
    timers: count('Timeout'),
    work: count('FSReqCallback', 'FSReqPromise', 'FileHandle', 'Zlib', 'Immediate'),
    descriptors: readdirSync('/proc/self/fd').length,
    files: folders.flatMap((folder) => readdirSync(folder)),
    memoryMiB: (heapUsed + external) / MIB,
    resources: tally(resources),
  }
}

function tally(names) {
  const counts = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
