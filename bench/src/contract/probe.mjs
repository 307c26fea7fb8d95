/**
 * The questions of the contract. Each takes a running server and gives a cell: whether the contract is kept, what
 * happened in a few words, and the raw evidence for who doubts it.
 */
import { Agent, get } from 'node:http'
import { createGunzip } from 'node:zlib'
import { Exchange, fetchRaw, within } from './client.mjs'

/** @typedef {import('./launch.mjs').Server} Server */

/**
 * @typedef {object} Cell
 * @property {boolean | null} kept null where the question does not arise
 * @property {string} text
 * @property {unknown} evidence
 */

/** How long a client that left waits for the cleanup, in milliseconds. */
const CLEANUP_MS = 1000
/** How long a reader that takes nothing watches, in milliseconds. */
const STALL_MS = 2000
/** How long SIGTERM is followed, and within which time a process should have ended. */
const SHUTDOWN_WATCH_MS = 7000
const SHUTDOWN_MS = 3000
/** Pings beside a busy generator: at this pace, for so long, so many times. */
const PING_EVERY_MS = 10
const PING_FOR_MS = 550
const PING_ROUNDS = 6
/** So many that a ping does not wait for the one before it, only for the server. */
const PING_SOCKETS = 32
/** p99 that others may see beside a busy generator, in milliseconds. */
const PING_KEPT_MS = 250
const FIRST_ITEM_MS = 100
const FIRST_ITEM_TRIES = 5

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))
const mebibytes = (/** @type {number} */ bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
const ms = (/** @type {number} */ value) =>
  value < 1 ? 'under 1 ms' : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
/** A report from another process may seem to be earlier than its cause by the error of the clocks. */
const since = (/** @type {number} */ start, /** @type {number} */ at) => Math.max(0, at - start)

/** A stream that fails after three chunks. @returns {Promise<Cell>} */
export async function late(/** @type {Server} */ { port }) {
  const seen = await fetchRaw(port, '/late?id=late')
  const inBand = /error|problem/i.test(seen.tail.replaceAll(/chunk \d/g, ''))
  const end = { clean: 'clean end', cut: 'cut', open: 'left open' }[seen.end]
  return {
    kept: seen.end === 'cut' && seen.bytes > 0,
    text: inBand ? `error item, then ${end}` : end,
    evidence: seen.evidence,
  }
}

/** A stream that fails before its first chunk: by a plain error, and by the framework's own 403. @returns {Promise<Cell>} */
export async function early(/** @type {Server} */ { port }) {
  const plain = await fetchRaw(port, '/early?id=early')
  const own = await fetchRaw(port, '/early-own?id=own')
  const told = (/** @type {Exchange} */ { status, end, bytes }) =>
    status === undefined
      ? 'no reply'
      : status === 200
        ? `200, ${bytes === 0 ? 'empty' : 'body'}, ${end === 'clean' ? 'clean end' : end}`
        : `${status}`
  const [first, second] = [told(plain), told(own)]
  return {
    kept: plain.status === 500 && own.status === 403,
    text: first === second ? first : `${first} and ${second}`,
    evidence: { plainError: plain.evidence, own403: own.evidence },
  }
}

/** A 403 in front of the handler. @returns {Promise<Cell>} */
export async function guarded(/** @type {Server} */ { port }) {
  const seen = await fetchRaw(port, '/guarded?id=guarded')
  return { kept: seen.status === 403, text: `${seen.status ?? 'no reply'}`, evidence: seen.evidence }
}

/** A client that leaves while the generator is suspended in a wait. @returns {Promise<Cell>} */
export async function leaveInWait(/** @type {Server} */ server, /** @type {string} */ path) {
  const id = path.slice(1)
  const exchange = new Exchange(server.port, `${path}?id=${id}`)
  const waiting = await server.heard((report) => report.event === 'waiting' && report.id === id, 3000)
  await sleep(50)
  if (waiting === undefined) {
    exchange.leave()
    return { kept: null, text: 'n/a', evidence: exchange.evidence }
  }
  const left = exchange.leave()
  const cleaned = await server.heard((report) => report.event === 'finally' && report.id === id, CLEANUP_MS)
  return cleanupCell(server, id, left, cleaned)
}

/** @returns {Cell} */
function cleanupCell(
  /** @type {Server} */ server,
  /** @type {string} */ id,
  /** @type {number} */ left,
  /** @type {import('./launch.mjs').Report | undefined} */ cleaned,
) {
  const told = server.reports.find((report) => report.event === 'told' && report.id === id)
  const toldMs = told && since(left, told.at)
  const cleanupMs = cleaned && since(left, cleaned.at)
  return {
    kept: cleanupMs !== undefined && cleanupMs <= CLEANUP_MS,
    text: cleanupMs === undefined ? `no${toldMs === undefined ? '' : ' (hook: yes)'}` : ms(cleanupMs),
    evidence: {
      hookAfterMs: toldMs ?? null,
      finallyAfterMs: cleanupMs ?? null,
      watchedMs: CLEANUP_MS,
    },
  }
}

/**
 * A reader that takes nothing: what is made in two seconds? Then it leaves: is the generator, blocked in a write,
 * cleaned up? @returns {Promise<{ made: Cell, left: Cell }>}
 */
export async function stall(/** @type {Server} */ server) {
  const id = 'flood'
  const exchange = new Exchange(server.port, `/flood?id=${id}`)
  exchange.stall()
  const made = () =>
    server.reports.findLast((report) => report.event === 'made' && report.id === id)?.bytes ?? 0
  await sleep(STALL_MS / 2)
  const half = made()
  await sleep(STALL_MS / 2)
  const whole = made()
  const ended = server.reports.find((report) => report.event === 'finally' && report.id === id)
  const left = exchange.leave()
  const cleaned = await server.heard((report) => report.event === 'finally' && report.id === id, CLEANUP_MS)
  // What goes on producing shows a little later.
  await sleep(100)
  const cell = ended
    ? { kept: null, text: 'n/a', evidence: { ended } }
    : cleanupCell(server, id, left, cleaned)
  const madeAfter = made() - whole
  if (cleaned?.ranToItsEnd === true && !ended) {
    const hook = server.reports.some((report) => report.event === 'told' && report.id === id)
    cell.kept = false
    cell.text = `no: made ${mebibytes(madeAfter)} more${hook ? ' (hook: yes)' : ''}`
  }
  return {
    made: {
      kept: !ended && whole === half,
      text: ended ? `all ${mebibytes(whole)}` : `${mebibytes(whole)}${whole === half ? '' : ', growing'}`,
      evidence: {
        bytesAfterHalf: half,
        bytes: whole,
        stallMs: STALL_MS,
        ranToItsEnd: ended?.ranToItsEnd ?? false,
      },
    },
    left: { ...cell, evidence: { .../** @type {object} */ (cell.evidence), madeAfterLeaving: madeAfter } },
  }
}

/**
 * p99 of /ping beside a generator that never waits for anything real. Pings are due at a fixed pace, and measured
 * from when they were due. The servers take turns, in some rounds, and the best round of each counts: other programs
 * and a cold start can only make it worse, and should do so to everybody.
 * @returns {Promise<Map<string, Cell>>}
 */
export async function ping(/** @type {Server[]} */ all) {
  /** @typedef {Awaited<ReturnType<typeof pings>> & { streamedBytes?: number }} Run */
  const runs = new Map(
    all.map(({ name }) => [name, { idle: /** @type {Run[]} */ ([]), busy: /** @type {Run[]} */ ([]) }]),
  )
  for (let round = 0; round < PING_ROUNDS; round++) {
    for (const { name, port } of all) {
      const exchange = new Exchange(port, `/busy?id=busy${round}`)
      await sleep(20)
      const run = await pings(port, PING_FOR_MS)
      runs.get(name)?.busy.push({ ...run, streamedBytes: exchange.bytes })
      await within(1000, exchange.ended)
      exchange.leave()
      if (round % 3 === 2) runs.get(name)?.idle.push(await pings(port, PING_FOR_MS / 2))
    }
  }
  return new Map(
    [...runs].map(([name, { idle, busy }]) => {
      const p99 = Math.min(...busy.map((run) => run.p99))
      return [name, { kept: p99 <= PING_KEPT_MS, text: ms(p99), evidence: { idle, busy } }]
    }),
  )
}

async function pings(/** @type {number} */ port, /** @type {number} */ duration) {
  const agent = new Agent({ keepAlive: true, maxSockets: PING_SOCKETS })
  const samples = /** @type {number[]} */ ([])
  const start = performance.now()
  const all = []
  for (let due = start; due < start + duration; due += PING_EVERY_MS) {
    if (due > performance.now()) await sleep(due - performance.now())
    all.push(
      new Promise((resolve) => {
        const asked = get({ host: '127.0.0.1', port, path: '/ping', agent, timeout: 5000 }, (res) => {
          res.resume().once('end', () => {
            samples.push(performance.now() - due)
            resolve(undefined)
          })
        })
        asked.on('timeout', () => asked.destroy(new Error('no answer')))
        asked.on('error', () => {
          samples.push(performance.now() - due)
          resolve(undefined)
        })
      }),
    )
  }
  await Promise.all(all)
  agent.destroy()
  samples.sort((a, b) => a - b)
  const at = (/** @type {number} */ part) =>
    Number((samples[Math.min(samples.length - 1, Math.ceil(samples.length * part) - 1)] ?? 0).toFixed(2))
  return { pings: samples.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/**
 * The first item of a slow stream, with compression on. The best of some tries counts, as above; who holds the item
 * back until the second one does so in every try. @returns {Promise<Cell>}
 */
export async function compressed(/** @type {Server} */ { port }) {
  const tries = []
  for (let i = 0; i < FIRST_ITEM_TRIES; i++) {
    tries.push(await firstItem(port))
    if ((tries.at(-1)?.firstItemMs ?? Infinity) > 5 * FIRST_ITEM_MS && i > 0) break
  }
  const coding = tries[0]?.contentEncoding
  const best = Math.min(...tries.map(({ firstItemMs }) => firstItemMs ?? Infinity))
  return {
    kept: coding === 'identity' ? null : best <= FIRST_ITEM_MS,
    text: coding === 'identity' ? 'not compressed' : best === Infinity ? 'never' : ms(best),
    evidence: { tries },
  }
}

async function firstItem(/** @type {number} */ port) {
  const start = performance.now()
  const exchange = new Exchange(port, '/slow?id=slow', 'accept-encoding: gzip\r\n')
  const gunzip = createGunzip()
  gunzip.on('error', () => {})
  /** @type {number | undefined} */
  let firstItemMs
  const seen = new Promise((resolve) => {
    let text = ''
    const look = (/** @type {Buffer} */ data) => {
      text += data.toString('latin1')
      if (!text.includes('item 1')) return
      firstItemMs ??= performance.now() - start
      resolve(undefined)
    }
    gunzip.on('data', look)
    exchange.onData = (data) => {
      if (exchange.headers['content-encoding'] === 'gzip') gunzip.write(data)
      else look(data)
    }
  })
  await within(3000, seen)
  const wireBytes = exchange.bytes
  exchange.leave()
  gunzip.destroy()
  const contentEncoding = exchange.headers['content-encoding'] ?? 'identity'
  return { contentEncoding, firstItemMs: firstItemMs ?? null, wireBytes }
}

/** SIGTERM with one open stream. @returns {Promise<Cell>} */
export async function terminate(/** @type {Server} */ server) {
  const exchange = new Exchange(server.port, '/ticks?id=ticks')
  await within(
    2000,
    new Promise((resolve) => {
      exchange.onData = () => resolve(undefined)
    }),
  )
  await sleep(200)
  const start = server.terminate()
  let endedAt = /** @type {number | undefined} */ (undefined)
  exchange.ended.then(() => {
    endedAt = performance.timeOrigin + performance.now()
  })
  await within(SHUTDOWN_WATCH_MS, server.gone)
  await sleep(50)
  const of = (/** @type {string} */ event) =>
    server.reports.find((report) => report.event === event && report.id === 'ticks')
  const at = [of('told')?.at, of('finally')?.at].filter((time) => time !== undefined)
  const toldMs = at.length === 0 ? undefined : since(start, Math.min(...at))
  const reason = of('told')?.reason
  const exitMs = server.exit === undefined ? undefined : since(start, server.exit.at)
  const inTime = toldMs !== undefined && toldMs <= SHUTDOWN_MS
  const told = inTime && (reason === 'shutdown' || exchange.end !== 'cut')
  const end = exchange.end === 'open' ? '' : exchange.end === 'cut' ? ', cut' : ', clean end'
  const exitText =
    exitMs === undefined
      ? `still runs after ${SHUTDOWN_WATCH_MS / 1000} s`
      : `exit ${server.exit?.code ?? server.exit?.signal} after ${exitMs < 1000 ? ms(exitMs) : `${(exitMs / 1000).toFixed(1)} s`}`
  exchange.leave()
  return {
    kept: exitMs !== undefined && exitMs <= SHUTDOWN_MS && told,
    text: `${exitText}, ${told ? 'told' : 'not told'}${end}`,
    evidence: {
      reason: reason ?? null,
      exit: server.exit ? { code: server.exit.code, signal: server.exit.signal } : null,
      exitAfterMs: exitMs ?? null,
      hookAfterMs: of('told') ? since(start, /** @type {any} */ (of('told')).at) : null,
      finallyAfterMs: of('finally') ? since(start, /** @type {any} */ (of('finally')).at) : null,
      clientSawEndAfterMs: endedAt === undefined ? null : since(start, endedAt),
      client: exchange.evidence,
    },
  }
}
