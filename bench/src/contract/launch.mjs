/** Starts the servers of the contract, hears what they report, and ends each by its own pid. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { fetchRaw } from './client.mjs'

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url))

/** @type {Record<string, { file: string, python?: true, packages?: string[] }>} */
export const servers = {
  millrace: { file: here('./server/millrace.mjs') },
  fastify: { file: here('../../peers/contract/fastify.mjs'), packages: ['fastify', '@fastify/compress'] },
  '@fastify/sse': { file: here('../../peers/contract/fastify-sse.mjs'), packages: ['@fastify/sse'] },
  hono: { file: here('../../peers/contract/hono.mjs'), packages: ['hono', '@hono/node-server'] },
  h3: { file: here('../../peers/contract/h3.mjs'), packages: ['h3', 'srvx'] },
  express: { file: here('../../peers/contract/express.mjs'), packages: ['express', 'compression'] },
  elysia: { file: here('../../peers/contract/elysia.mjs'), packages: ['elysia', '@elysiajs/node'] },
  fastapi: { file: here('../../peers/contract/fastapi-server.py'), python: true },
}

/** @typedef {{ event: string, id?: string, port?: number, bytes?: number, reason?: string, ranToItsEnd?: boolean, at: number }} Report */

/** Everything that runs, so that nothing outlives the script. @type {Set<import('node:child_process').ChildProcess>} */
const alive = new Set()
process.on('exit', () => alive.forEach((child) => child.kill('SIGKILL')))
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

/** @typedef {Awaited<ReturnType<typeof launch>>} Server */

/** @param {string} name @param {string} variant see the server's file */
export async function launch(name, variant = '') {
  const server = servers[name]
  if (server === undefined) throw new Error(`no server named ${name}`)
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, NODE_ENV: 'production', PORT: '0', CONTRACT_VARIANT: variant }
  // Where these are set srvx leaves signals alone, and that would be measured.
  for (const unset of ['CI', 'TEST']) delete env[unset]
  const child = spawn(server.python ? '/usr/bin/python3' : process.execPath, [server.file], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  alive.add(child)
  const since = performance.now()
  /** @type {{ code: number | null, signal: string | null, at: number } | undefined} */
  let exit
  const gone = new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      alive.delete(child)
      exit = { code, signal, at: performance.timeOrigin + performance.now() }
      resolve(undefined)
    })
  })
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-2000)
  })

  /** @type {Report[]} */
  const reports = []
  /** @type {Set<() => void>} */
  const listeners = new Set()
  createInterface(child.stdout).on('line', (line) => {
    if (!line.startsWith('{"event"')) return
    reports.push(JSON.parse(line))
    for (const listener of listeners) listener()
  })

  /** Waits at most `ms` for a report. @returns {Promise<Report | undefined>} */
  function heard(/** @type {(report: Report) => boolean} */ matches, /** @type {number} */ ms) {
    return new Promise((resolve) => {
      const look = () => {
        const found = reports.find(matches)
        if (found !== undefined) settle(found)
      }
      /** @param {Report} [found] */
      function settle(found) {
        listeners.delete(look)
        clearTimeout(timer)
        resolve(found)
      }
      const timer = setTimeout(() => settle(), ms)
      listeners.add(look)
      look()
    })
  }

  const listening = await Promise.race([heard(({ event }) => event === 'listening', 20_000), gone])
  if (typeof listening !== 'object' || listening?.port === undefined) {
    child.kill('SIGKILL')
    throw new Error(`${name} did not start: ${complaint}`)
  }
  // Some say so before it is so.
  const deadline = performance.now() + 5000
  while ((await fetchRaw(listening.port, '/ping')).status !== 200) {
    if (performance.now() > deadline) throw new Error(`${name} does not answer: ${complaint}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    name,
    port: /** @type {number} */ (listening.port),
    startedInMs: Math.round(performance.now() - since),
    reports,
    heard,
    gone,
    get exit() {
      return exit
    },
    terminate: () => {
      child.kill('SIGTERM')
      return performance.timeOrigin + performance.now()
    },
    async stop() {
      child.kill('SIGKILL')
      await gone
    },
  }
}
