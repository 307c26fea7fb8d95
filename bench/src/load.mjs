/** How a server is loaded with small requests, and what its CPU was meanwhile. */
import { spawn, spawnSync } from 'node:child_process'
import { repeat, stream } from './client.mjs'

export const hasWrk = spawnSync('wrk', ['--version']).error === undefined
const connections = 32

/** Requests per second of a small answer: `wrk` where there is one, our own client otherwise. */
export async function load(
  /** @type {number} */ port,
  /** @type {string} */ path,
  /** @type {number} */ seconds,
) {
  if (!hasWrk) return repeat(port, path, { connections, seconds })
  const wrk = spawn(
    'wrk',
    ['-t1', `-c${connections}`, `-d${Math.ceil(seconds)}s`, `http://127.0.0.1:${port}${path}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let said = ''
  for await (const chunk of wrk.stdout) said += chunk
  const done = /(\d+) requests in ([\d.]+)(m?s)/.exec(said)
  const bad = /Non-2xx.*|Socket errors.*/.exec(said)
  if (!done || bad) throw new Error(`wrk ${path}: ${bad?.[0] ?? said}`)
  return { responses: Number(done[1]), seconds: Number(done[2]) / (done[3] === 'ms' ? 1000 : 1) }
}

/** Runs `work` and returns its result with the server's CPU seconds meanwhile. @template T @returns {Promise<T & { cpu: number }>} */
export async function withCpu(
  /** @type {import('./launch.mjs').Server} */ server,
  /** @type {() => Promise<T>} */ work,
) {
  const before = await server.stats()
  const result = await work()
  return { ...result, cpu: (await server.stats()).cpu - before.cpu }
}

export const hasCurl = spawnSync('curl', ['--version']).error === undefined

/** Fetches all of a large body and keeps nothing: `curl` where there is one, which costs the least, our own client otherwise. */
export async function download(
  /** @type {number} */ port,
  /** @type {string} */ path,
  /** @type {number} */ bytes,
) {
  if (!hasCurl) {
    const { seconds } = await stream(port, path)
    return seconds
  }
  const format = '%{http_code} %{size_download} %{time_total}'
  const curl = spawn('curl', ['-s', '-o', '/dev/null', '-w', format, `http://127.0.0.1:${port}${path}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const chunk of curl.stdout) said += chunk
  const [status, size, seconds] = said.split(' ').map(Number)
  if (status !== 200 || size !== bytes) throw new Error(`curl ${path}: ${said}`)
  return /** @type {number} */ (seconds)
}
