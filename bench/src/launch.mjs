/** Starts one server alone on the first core, and stops it by its own pid. The load stays on the last core. */
import { spawn, spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { getJson } from './client.mjs'
import { nginxCommand, processStats } from './nginx.mjs'

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url))
const python = '/usr/bin/python3'
const peer = true

/**
 * Every server the bench knows. `peer`: another framework; the best of the Node peers is what ratios are taken against.
 * @type {Record<string, { file: string, peer?: boolean, node?: false, packages?: string[] }>}
 */
export const servers = {
  millrace: { file: here('./server/millrace.mjs') },
  'millrace-old': { file: here('./server/millrace.mjs') },
  node: { file: here('./server/node.mjs') },
  fastify: { file: here('../peers/fastify.mjs'), peer, packages: ['fastify', '@fastify/static'] },
  hono: { file: here('../peers/hono.mjs'), peer, packages: ['hono', '@hono/node-server'] },
  h3: { file: here('../peers/h3.mjs'), peer, packages: ['h3'] },
  express: { file: here('../peers/express.mjs'), peer, packages: ['express'] },
  fastapi: { file: here('../peers/fastapi-server.py'), peer, node: false },
  nginx: { file: 'nginx', node: false },
}

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0
const lastCore = availableParallelism() - 1

/** Why servers and load share cores, or undefined when they do not. */
export const pinningNote = canPin
  ? undefined
  : 'no taskset or only one core: servers and load generator share cores, numbers are noisier'

/** Moves this process, all its threads and its later children (wrk) to the last core. */
export function pinLoad() {
  if (canPin) spawnSync('taskset', ['-a', '-cp', `${lastCore}`, `${process.pid}`])
}

/** Versions of FastAPI, uvicorn and Python, or undefined where they are missing. @returns {string | undefined} */
export function fastapiVersion() {
  const probe =
    'import sys, fastapi, uvicorn; print(f"{fastapi.__version__} (uvicorn {uvicorn.__version__}, Python {sys.version.split()[0]})")'
  const { status, stdout } = spawnSync(python, ['-c', probe], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** What runs now, so that nothing outlives the bench, however that ends. @type {Set<import('node:child_process').ChildProcess>} */
const alive = new Set()
process.on('exit', () => alive.forEach((child) => child.kill('SIGKILL')))
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

/** @typedef {{ cpu: number, rss: number, heapUsed: number, external: number, produced: Record<string, number> }} Stats */

/** @typedef {Awaited<ReturnType<typeof launch>>} Server */

/** Waits until somebody listens there, for 15 s. */
async function answers(/** @type {number} */ port, /** @type {Promise<unknown>} */ gone) {
  let ended = false
  gone.then(() => (ended = true))
  for (let tries = 0; tries < 300 && !ended; tries++) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing listens on port ${port}`)
}

/** @param {string} name @param {{ file: string, old?: string | undefined }} options `old`: the `dist` of an older build */
export async function launch(name, { file, old }) {
  const server = servers[name]
  if (!server) throw new Error(`no server named ${name}`)
  const nginx = name === 'nginx' ? await nginxCommand(file) : undefined
  const command =
    nginx !== undefined
      ? nginx.command
      : server.node === false
        ? [python, server.file]
        : [process.execPath, '--expose-gc', server.file]
  const pinned = canPin ? ['taskset', '-c', '0', ...command] : command
  const child = spawn(/** @type {string} */ (pinned[0]), pinned.slice(1), {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      PORT: '0',
      BENCH_FILE: file,
      ...(name === 'millrace-old' && old ? { MILLRACE_DIST: old } : {}),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  alive.add(child)
  const gone = new Promise((resolve) => child.once('exit', resolve))
  gone.then(() => alive.delete(child))
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-2000)
  })

  const listening = nginx === undefined ? saidPort() : answers(nginx.port, gone).then(() => nginx.port)
  const port = await listening.catch((error) => {
    child.kill('SIGKILL')
    throw error
  })

  /** The port that a server of ours tells. @returns {Promise<number>} */
  function saidPort() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name}: did not listen within 15 s`)), 15_000)
      createInterface(child.stdout).on('line', (line) => {
        const said = /^listening (\d+)$/.exec(line)
        if (said) {
          clearTimeout(timer)
          resolve(Number(said[1]))
        }
      })
      gone.then((code) => {
        clearTimeout(timer)
        reject(new Error(`${name}: ended with ${code}\n${complaint}`))
      })
      child.once('error', reject)
    })
  }

  return {
    name,
    port,
    /** @returns {Promise<Stats>} `cpu` in seconds */
    async stats(collectGarbage = false) {
      if (nginx !== undefined)
        return { heapUsed: 0, external: 0, produced: {}, ...processStats(/** @type {number} */ (child.pid)) }
      const { cpuUser, cpuSystem, ...rest } = await getJson(port, `/stats${collectGarbage ? '?gc=1' : ''}`)
      return { ...rest, cpu: (cpuUser + cpuSystem) / 1e6 }
    },
    /** Stops it where it stands; it sends nothing more, the kernel still delivers. */
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGKILL')
      await gone
    },
  }
}
