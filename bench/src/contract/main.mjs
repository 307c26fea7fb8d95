/**
 * `npm run contract`: what each framework does when a stream fails, a client leaves, a reader stalls, or the process
 * is told to end. Not how fast: see main.mjs of the bench for that.
 *
 * One framework after another is started and asked. Pings are measured in turns, since a loaded machine matters there.
 * SIGTERM comes at the end, for all at once, since that is mostly waiting.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeBetween } from '../page.mjs'
import { launch, servers } from './launch.mjs'
import * as probe from './probe.mjs'
import { questions, variants } from './question.mjs'
import { printTable, toMarkdown } from './report.mjs'

const bench = fileURLToPath(new URL('../..', import.meta.url))
const page = join(bench, '../docs/streaming.md')
const file = join(bench, 'results', 'contract.json')
const readJson = (/** @type {string} */ path) => JSON.parse(readFileSync(path, 'utf8'))

const usage = `npm run contract -w @millrace/bench -- [options]
  --only A,B      shows only these and writes nothing; of: ${Object.keys(servers).join(', ')}
  --write-docs    puts the table into docs/streaming.md
  --from-file     measures nothing, takes results/contract.json`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
    'from-file': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(usage)
  process.exit()
}

if (options.only !== undefined && options['write-docs']) throw new Error('--write-docs needs all frameworks')
const results = options['from-file'] ? readJson(file) : await measure()
printTable(results)
if (options['write-docs']) writeBetween(page, 'contract', toMarkdown(results))

async function measure() {
  const started = performance.now()
  const versions = readVersions()
  const asked = options.only?.split(',') ?? Object.keys(servers)
  const wrong = asked.filter((name) => !(name in servers))
  if (wrong.length > 0) throw new Error(`unknown: ${wrong.join(', ')}\n${usage}`)
  const names = asked.filter((name) => {
    if (name !== 'fastapi' || versions.fastapi !== undefined) return true
    console.log('fastapi: not installed for /usr/bin/python3, left out')
    return false
  })

  /** @type {Record<string, Record<string, import('./probe.mjs').Cell>>} */
  const cells = Object.fromEntries(questions.map(({ id }) => [id, {}]))
  const set = (
    /** @type {string} */ id,
    /** @type {string} */ name,
    /** @type {import('./probe.mjs').Cell} */ cell,
  ) => {
    const row = cells[id]
    if (row !== undefined) row[name] = cell
  }

  for (const name of names) {
    console.log(`${seconds(started)} s: ${name}`)
    const server = await launch(name)
    for (const id of ['late', 'early', 'guarded']) set(id, name, await ask(id, server))
    const [wait, waitPlain, waitSignal] = await Promise.all(
      ['/wait', '/wait-plain', '/wait-signal'].map((path) => probe.leaveInWait(server, path)),
    )
    Object.entries({ wait, waitPlain, waitSignal }).forEach(([id, cell]) => cell && set(id, name, cell))
    const stalled = await probe.stall(server)
    set('made', name, stalled.made)
    set('left', name, stalled.left)
    await server.stop()
    const compressing = await launch(name, 'compress')
    set('compressed', name, await probe.compressed(compressing))
    await compressing.stop()
  }

  console.log(`${seconds(started)} s: pings`)
  const pinged = []
  for (const name of names) pinged.push(await launch(name))
  for (const [name, cell] of await probe.ping(pinged)) set('ping', name, cell)
  for (const server of pinged) await server.stop()

  /** @type {import('./report.mjs').Results['options']} */
  const others = []
  const chosen = variants.filter(({ framework }) => names.includes(framework))
  console.log(`${seconds(started)} s: other options`)
  for (const { framework, variant, option, asks } of chosen) {
    if (asks.every((id) => id === 'terminate')) continue
    const server = await launch(framework, variant)
    for (const question of asks) {
      if (question === 'terminate') continue
      others.push({ framework, option, question, cell: await ask(question, server) })
    }
    await server.stop()
  }

  console.log(`${seconds(started)} s: SIGTERM`)
  const ending = [
    ...names.map((framework) => ({ framework, variant: '', option: '' })),
    ...chosen.filter(({ asks }) => asks.includes('terminate')),
  ]
  const processes = []
  for (const { framework, variant, option } of ending) {
    processes.push({ framework, option, server: await launch(framework, variant) })
  }
  await Promise.all(
    processes.map(async ({ framework, option, server }) => {
      const cell = await probe.terminate(server)
      if (option === '') set('terminate', framework, cell)
      else others.push({ framework, option, question: 'terminate', cell })
      await server.stop()
    }),
  )

  const order = variants.map(({ framework, option }) => `${framework} ${option}`)
  others.sort(
    (a, b) => order.indexOf(`${a.framework} ${a.option}`) - order.indexOf(`${b.framework} ${b.option}`),
  )
  const measured = {
    date: new Date().toISOString(),
    node: process.versions.node,
    commit:
      spawnSync('git', ['describe', '--always', '--dirty'], {
        cwd: bench,
        encoding: 'utf8',
      }).stdout?.trim() ?? '',
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, Linux ${release()}, load ${loadavg()[0]?.toFixed(1)}`,
    versions,
    seconds: Number(seconds(started)),
    rows: questions.map((question) => ({ ...question, cells: cells[question.id] ?? {} })),
    options: others,
  }
  if (options.only !== undefined) {
    console.log(`${seconds(started)} s\n`)
    return measured
  }
  mkdirSync(join(bench, 'results'), { recursive: true })
  writeFileSync(file, `${JSON.stringify(measured, null, 2)}\n`)
  console.log(`${seconds(started)} s: written to bench/results/contract.json\n`)
  return measured
}

/** One question to one server. @returns {Promise<import('./probe.mjs').Cell>} */
async function ask(/** @type {string} */ id, /** @type {import('./launch.mjs').Server} */ server) {
  if (id === 'late') return probe.late(server)
  if (id === 'early') return probe.early(server)
  if (id === 'guarded') return probe.guarded(server)
  if (id === 'compressed') return probe.compressed(server)
  if (id === 'left') return (await probe.stall(server)).left
  throw new Error(`no question named ${id}`)
}

function seconds(/** @type {number} */ started) {
  return ((performance.now() - started) / 1000).toFixed(1)
}

/** @returns {Record<string, string>} */
function readVersions() {
  const modules = join(bench, 'peers/node_modules')
  if (!existsSync(join(modules, 'elysia')))
    throw new Error('the peers are not installed: npm ci --prefix bench/peers --workspaces=false')
  const python = spawnSync(
    '/usr/bin/python3',
    [
      '-c',
      'import sys, fastapi, starlette, uvicorn; print(fastapi.__version__, starlette.__version__, uvicorn.__version__, sys.version.split()[0])',
    ],
    { encoding: 'utf8' },
  )
  const [fastapi, starlette, uvicorn, cpython] = python.status === 0 ? python.stdout.trim().split(' ') : []
  const packages = Object.values(servers).flatMap((server) => server.packages ?? [])
  return {
    millrace: readJson(join(bench, '../package.json')).version,
    ...Object.fromEntries(
      packages.map((name) => [name, readJson(join(modules, name, 'package.json')).version]),
    ),
    ...(fastapi && starlette && uvicorn && cpython ? { fastapi, starlette, uvicorn, Python: cpython } : {}),
  }
}
