/**
 * A large upload into a file: `part.saveTo` and `body.saveTo` beside a bare `req.pipe(createWriteStream)`, in turns.
 *
 *     node bench/src/upload.mjs                    2 GiB, 3 rounds; 2 GiB of disk, deleted after each upload
 *     node bench/src/upload.mjs --mib 256 --rounds 5 --into /mnt/disk
 *
 * Prints a table, and writes every round into results/upload.json (`--results DIR` for elsewhere).
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const BOUNDARY = 'millrace-bench'
const HEAD = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="f.bin"\r\n\r\n`
const TAIL = `\r\n--${BOUNDARY}--\r\n`
const MIB = 1024 * 1024

/** The content: bytes of every kind, made once and sent again and again. */
const block = Buffer.alloc(MIB)
for (let i = 0, state = 1; i < block.length; i++)
  block[i] = (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24

/** Starts a server of `server/upload.mjs`. */
export async function launch(/** @type {string} */ kind, /** @type {string} */ directory) {
  const child = fork(join(import.meta.dirname, 'server/upload.mjs'), [kind, directory], {
    execArgv: ['--expose-gc'],
  })
  const ask = async (/** @type {string} */ question) => {
    child.send(question)
    return (await once(child, 'message'))[0]
  }
  const { port } = (await once(child, 'message'))[0]
  return { kind, port, ask, stop: () => child.kill('SIGKILL') }
}

/** Sends a form with one file of so many MiB, at the server's pace. Gives the seconds it took. */
export async function upload(/** @type {number} */ port, /** @type {number} */ mib) {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const length = HEAD.length + mib * MIB + TAIL.length
  const startedAt = performance.now()
  socket.write(
    `POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: multipart/form-data; boundary=${BOUNDARY}\r\ncontent-length: ${length}\r\n\r\n${HEAD}`,
  )
  for (let i = 0; i < mib; i++) if (!socket.write(block)) await once(socket, 'drain')
  socket.write(TAIL)
  let heard = ''
  for await (const data of socket) heard += data
  if (!heard.startsWith('HTTP/1.1 200'))
    throw new Error(`The upload was answered with ${heard.slice(0, 100)}`)
  return (performance.now() - startedAt) / 1000
}

const median = (/** @type {number[]} */ values) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

/** @typedef {{ mibPerSecond: number, cpuSecondsPerGib: number, grownMib: number }} Round */

/** Uploads to each server in turns. @returns {Promise<Record<string, Round[]>>} */
async function play(
  /** @type {number} */ mib,
  /** @type {number} */ rounds,
  /** @type {string} */ directory,
) {
  const kinds = ['node', 'millrace', 'millrace-raw']
  const servers = await Promise.all(kinds.map((kind) => launch(kind, directory)))
  /** @type {Record<string, Round[]>} */
  const samples = Object.fromEntries(kinds.map((kind) => [kind, []]))
  try {
    for (const { port } of servers) await upload(port, 64)
    for (let round = 0; round < rounds; round++) {
      for (const { kind, port, ask } of servers) {
        await ask('reset')
        const seconds = await upload(port, mib)
        const { grownBytes, cpuSeconds } = await ask('measure')
        const path = join(directory, `${kind}.bin`)
        if (statSync(path).size < mib * MIB) throw new Error(`${kind} has not kept everything.`)
        rmSync(path)
        samples[kind]?.push({
          mibPerSecond: rounded(mib / seconds),
          cpuSecondsPerGib: rounded((cpuSeconds / mib) * 1024),
          grownMib: rounded(grownBytes / MIB),
        })
      }
    }
  } finally {
    for (const { stop } of servers) stop()
  }
  return samples
}

const rounded = (/** @type {number} */ value) => Math.round(value * 100) / 100

/** Medians, and ratios within each round. */
function summarize(/** @type {Round[]} */ rounds, /** @type {Round[]} */ base) {
  return {
    mibPerSecond: median(rounds.map(({ mibPerSecond }) => mibPerSecond)),
    ratioToNode: rounded(
      median(rounds.map(({ mibPerSecond }, i) => mibPerSecond / (base[i]?.mibPerSecond ?? NaN))),
    ),
    cpuSecondsPerGib: median(rounds.map(({ cpuSecondsPerGib }) => cpuSecondsPerGib)),
    mostGrownMib: Math.max(...rounds.map(({ grownMib }) => grownMib)),
    rounds,
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      mib: { type: 'string', default: '2048' },
      rounds: { type: 'string', default: '3' },
      into: { type: 'string', default: tmpdir() },
      results: { type: 'string', default: join(import.meta.dirname, '../results') },
    },
  })
  const mib = Number(values.mib)
  const load = loadavg()[0] ?? 0
  const directory = mkdtempSync(join(values.into, 'millrace-upload-'))
  const samples = await play(mib, Number(values.rounds), directory).finally(() =>
    rmSync(directory, { recursive: true }),
  )
  const servers = Object.fromEntries(
    Object.entries(samples).map(([kind, rounds]) => [kind, summarize(rounds, samples['node'] ?? [])]),
  )
  console.log(`${mib} MiB, ${values.rounds} rounds in turns; medians, ratios within each round\n`)
  console.log('| server | MiB/s | / node | CPU s/GiB | resident growth, MiB, the most |\n|--|--|--|--|--|')
  for (const [kind, { mibPerSecond, ratioToNode, cpuSecondsPerGib, mostGrownMib }] of Object.entries(servers))
    console.log(
      `| ${kind} | ${mibPerSecond.toFixed(0)} | ${ratioToNode.toFixed(2)} | ${cpuSecondsPerGib.toFixed(2)} | ${mostGrownMib.toFixed(0)} |`,
    )
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, load ${load.toFixed(1)} before`
  const result = { date: new Date().toISOString(), node: process.versions.node, machine, mib, servers }
  mkdirSync(values.results, { recursive: true })
  writeFileSync(join(values.results, 'upload.json'), `${JSON.stringify(result, undefined, 2)}\n`)
}

if (process.argv[1] === import.meta.filename) await main()
