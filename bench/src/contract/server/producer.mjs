/**
 * What every Node server of the contract streams: the same generators, so that only the way they reach the client
 * differs. What happens to them is reported as lines of JSON on standard output, written at once, so that nothing is
 * lost when the process ends.
 *
 * A server hands over what its framework offers: `sleep`, the wait of its idiom; `signal`, if it has one; `forbidden`,
 * its own 403. Every loop here is bounded.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleepOn } from 'node:timers/promises'

/**
 * @typedef {object} Tools
 * @property {string} id of the stream, to tell reports apart
 * @property {(ms: number) => Promise<unknown>} [sleep] the wait of the framework's idiom; without it a plain promise
 * @property {AbortSignal} [signal] what tells that the client has left
 * @property {() => unknown} [forbidden] makes the framework's own 403
 */

const epoch = () => performance.timeOrigin + performance.now()

/** One line for the driver. */
export function report(/** @type {Record<string, unknown>} */ event) {
  writeSync(1, `${JSON.stringify({ ...event, at: epoch() })}\n`)
}

/** The server answers at this port now. */
export const ready = (/** @type {number} */ port) => report({ event: 'listening', port })

/** The framework's hook for a client that has left, or its signal, has told; and why, if it says. */
export const told = (/** @type {string} */ id, reason = 'unnamed') => report({ event: 'told', id, reason })

/** Reports when a signal aborts. */
export function tellOf(/** @type {AbortSignal | undefined} */ signal, /** @type {string} */ id) {
  const name = () => signal?.reason?.reason ?? signal?.reason?.name
  signal?.addEventListener('abort', () => told(id, name()), { once: true })
}

/** What everybody writes who does not think of cancellation. */
export const plainSleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Longer than anybody measures. */
const LONG_MS = 30_000
export const PIECE = 64 * 1024
/** More than the kernel takes, little enough to be made in full without harm. */
export const FLOOD_PIECES = 512

async function* failAfterThree() {
  for (let i = 0; i < 3; i++) {
    yield `chunk ${i}\n`
    await plainSleep(20)
  }
  throw new Error('the fourth chunk failed')
}

async function* failAtOnce(/** @type {() => unknown} */ makeError) {
  await plainSleep(5)
  const error = makeError()
  if (error !== undefined) throw error
  yield 'no error\n'
}

async function* suspended(
  /** @type {string} */ id,
  /** @type {(ms: number) => Promise<unknown>} */ sleep = plainSleep,
) {
  try {
    yield 'first\n'
    report({ event: 'waiting', id })
    await sleep(LONG_MS)
  } finally {
    report({ event: 'finally', id })
  }
}

async function* flood(/** @type {string} */ id) {
  const piece = 'x'.repeat(PIECE)
  let made = 0
  try {
    for (; made < FLOOD_PIECES;) {
      made++
      report({ event: 'made', id, bytes: made * PIECE })
      yield piece
    }
  } finally {
    report({ event: 'finally', id, bytes: made * PIECE, ranToItsEnd: made === FLOOD_PIECES })
  }
}

/** Never waits for anything real. */
async function* busy(/** @type {number} */ ms) {
  const until = performance.now() + ms
  for (let i = 0; performance.now() < until; i++) yield `frame ${i}\n`
}

async function* ticks(
  /** @type {string} */ id,
  /** @type {(ms: number) => Promise<unknown>} */ sleep = plainSleep,
) {
  try {
    for (let i = 0; i < 200; i++) {
      yield `tick ${i}\n`
      await sleep(100)
    }
  } finally {
    report({ event: 'finally', id })
  }
}

async function* slow() {
  yield 'item 1\n'
  await plainSleep(1000)
  yield 'item 2\n'
}

/** How long `/busy` goes on, in milliseconds. */
export const BUSY_MS = 600

/** @type {Record<string, (tools: Tools) => AsyncGenerator<string>>} */
export const streams = {
  '/late': failAfterThree,
  '/early': () => failAtOnce(() => new Error('nothing was ready')),
  '/early-own': ({ forbidden }) => failAtOnce(forbidden ?? (() => new Error('no such error'))),
  '/wait': ({ id, sleep }) => suspended(id, sleep),
  '/wait-plain': ({ id }) => suspended(id),
  '/wait-signal': ({ id, signal }) =>
    suspended(id, (ms) => sleepOn(ms, undefined, signal === undefined ? {} : { signal })),
  '/flood': ({ id }) => flood(id),
  '/busy': () => busy(BUSY_MS),
  '/ticks': ({ id, sleep }) => ticks(id, sleep),
  '/slow': slow,
}

/** What of a server is set up differently: `compress`, or a documented option that changes a result. */
export const variant = process.env.CONTRACT_VARIANT ?? ''
export const port = Number(process.env.PORT ?? 0)
