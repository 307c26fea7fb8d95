/**
 * `npm run bench`: what to run, in which order, and what becomes of it.
 *
 * Each scenario is played in rounds (round.mjs), with freshly started servers in each. What is reported is the median
 * of the rounds, and ratios are taken within a round.
 */
import { spawnSync } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { check } from './check.mjs'
import { hasWrk } from './load.mjs'
import { fastapiVersion, launch, pinLoad, pinningNote, servers } from './launch.mjs'
import { writeReadme } from './readme.mjs'
import { print, save } from './report.mjs'
import { nginxVersion } from './nginx.mjs'
import { playRound } from './round.mjs'
import { fileSize, full, quick, scenarios } from './scenario.mjs'

const bench = fileURLToPath(new URL('..', import.meta.url))
const readJson = (/** @type {string} */ path) => JSON.parse(readFileSync(path, 'utf8'))

const usage = `npm run bench -- [options]
  --quick             short rounds, one each: shows that everything runs, not how fast
  --rounds N          rounds per scenario (5, or 1 with --quick)
  --only A,B          of: ${Object.keys(scenarios).join(', ')}
  --servers A,B       of: ${Object.keys(servers).join(', ')}
  --old DIR           also measure the millrace built in DIR/dist, as millrace-old
  --write-docs        put the table into README.md, too
  --results DIR       where latest.json and latest.svg go (bench/results)`

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    servers: { type: 'string' },
    old: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
    results: { type: 'string', default: join(bench, 'results') },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(usage)
  process.exit()
}

/** The names asked for in the order of `all`, or all of them. */
function chosen(/** @type {string | undefined} */ list, /** @type {string[]} */ all) {
  if (!list) return all
  const asked = list.split(',')
  const wrong = asked.filter((name) => !all.includes(name))
  if (wrong.length > 0) throw new Error(`unknown: ${wrong.join(', ')}\n${usage}`)
  return all.filter((name) => asked.includes(name))
}

/** Installs the peers, once and again when their lock file is newer. */
function installPeers() {
  const folder = join(bench, 'peers')
  const stamp = join(folder, 'node_modules', '.package-lock.json')
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(join(folder, 'package-lock.json')).mtimeMs)
    return
  console.log('installing the peers (bench/peers)')
  const { status } = spawnSync(
    'npm',
    ['ci', '--prefix', folder, '--workspaces=false', '--no-audit', '--no-fund'],
    { stdio: 'inherit', cwd: folder },
  )
  if (status !== 0) throw new Error('npm ci in bench/peers failed')
}

/** A file that does not compress and has no pattern. */
async function makeFile(/** @type {number} */ bytes) {
  const path = join(bench, '.cache', `download-${bytes / 1024 / 1024}.bin`)
  if (existsSync(path) && statSync(path).size === bytes) return path
  mkdirSync(join(bench, '.cache'), { recursive: true })
  const out = createWriteStream(path)
  const words = new Uint32Array(256 * 1024)
  for (let written = 0, seed = 1; written < bytes; written += words.byteLength) {
    for (let i = 0; i < words.length; i++) words[i] = seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    if (!out.write(Buffer.from(words.buffer.slice(0)))) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
  return path
}

/** Which servers can run here; the others are named in the notes. */
function available(
  /** @type {string[]} */ names,
  /** @type {string[]} */ notes,
  /** @type {Record<string, string>} */ versions,
) {
  const built = existsSync(join(bench, '..', 'dist', 'index.js'))
  const python = fastapiVersion()
  if (python && names.includes('fastapi')) versions.fastapi = python
  const nginx = nginxVersion()
  if (nginx && names.includes('nginx')) versions.nginx = nginx
  return names.filter((name) => {
    if (name === 'millrace' && !built) notes.push('millrace is not built, so it is absent: npm run build')
    else if (name === 'nginx' && !versions.nginx) notes.push('nginx is absent: apt-get install nginx-light')
    else if (name === 'fastapi' && !python)
      notes.push('FastAPI is absent: apt-get install python3-fastapi python3-uvicorn')
    else return name !== 'millrace-old' || options.old !== undefined
    return false
  })
}

const started = Date.now()
const size = options.quick ? quick : full
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5))
const names = chosen(options.only, Object.keys(scenarios))
const wanted = chosen(options.servers, Object.keys(servers))
if (options.old && !wanted.includes('millrace-old')) wanted.splice(1, 0, 'millrace-old')
const old = options.old ? resolve(process.env.INIT_CWD ?? '.', options.old, 'dist') : undefined
if (old && !existsSync(join(old, 'index.js')))
  throw new Error(`--old: no build in ${old}; run npm run build there first`)

if (wanted.some((name) => servers[name]?.peer && servers[name]?.node !== false)) installPeers()
pinLoad()
const file = await makeFile(fileSize)

/** @type {string[]} */
const notes = pinningNote ? [pinningNote] : []
const busy = loadavg()[0] ?? 0
if (busy > 0.5)
  notes.push(`the machine was busy before it began (load ${busy.toFixed(1)}): trust CPU more than rates`)
if (!hasWrk)
  notes.push(
    "no wrk: JSON requests/s by the bench's own client, which is nearer its own limit (apt-get install wrk)",
  )
/** @type {Record<string, string>} */
const versions = { millrace: readJson(join(bench, '..', 'package.json')).version }
const { dependencies } = readJson(join(bench, 'peers', 'package.json'))
for (const name of wanted.flatMap((server) => servers[server]?.packages ?? []))
  versions[name] = dependencies[name]
const candidates = available(wanted, notes, versions)

/** @type {import('./report.mjs').Results} */
const results = {
  at: new Date(started).toISOString(),
  machine: {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    node: process.version,
    load: hasWrk ? 'wrk' : 'own client',
  },
  versions,
  notes,
  size: options.quick ? 'quick' : 'full',
  rounds,
  servers: [],
  runs: {},
}

const progress = (/** @type {string} */ text) =>
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : text && `${text}\n`)

const launching = { file, old }
const failureOf = (/** @type {unknown} */ error) => (error instanceof Error ? error.message : String(error))

for (const name of candidates) {
  progress(`checking ${name}`)
  try {
    const server = await launch(name, launching)
    await check(server, file).finally(() => server.stop())
    results.servers.push(name)
  } catch (error) {
    notes.push(`${name} is left out: ${failureOf(error)}`)
  }
}
for (const name of names) {
  const {
    servers: only,
    slices,
    fileSize: ownSize,
    warm,
    run,
  } = /** @type {import('./scenario.mjs').Scenario} */ (scenarios[name])
  const runs = (results.runs[name] = /** @type {import('./summary.mjs').Run[]} */ ([]))
  for (let round = 0; round < rounds; round++) {
    progress(`${name}, round ${round + 1} of ${rounds}`)
    const played = await playRound({
      servers: results.servers.filter(
        (server) => only?.includes(server) ?? (server !== 'nginx' || name === 'file'),
      ),
      round,
      slices: Math.min(slices, size.slices),
      launching: ownSize === undefined ? launching : { ...launching, file: await makeFile(ownSize) },
      warm: (server) => warm(server, size),
      run: (server) => run(server, size),
    })
    runs.push(...played)
  }
}
progress('')
print(results)
const paths = save(results, resolve(process.env.INIT_CWD ?? '.', options.results))
if (options['write-docs']) writeReadme(results, join(bench, '../README.md'))
console.log(`\n${Math.round((Date.now() - started) / 1000)} s. Wrote ${paths.join(' and ')}`)
