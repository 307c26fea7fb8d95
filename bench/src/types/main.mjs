/**
 * What the types of 500 routes and of a client that calls them all cost the compiler, beside Hono's `hc` and
 * oRPC: instantiations per route, time to check, and time to complete a name of the client after each letter.
 *
 *   npm run types -w @millrace/bench
 *
 * Writes results/types.json. Instantiations are the same on every machine; times are not.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { frameworks, ROUTES, sources } from './app.mjs'
import { openServer, openService } from './editor.mjs'

const bench = join(import.meta.dirname, '../..')
const peers = join(bench, 'peers')
const programs = {
  7: join(bench, '../node_modules/typescript/bin/tsc'),
  6: join(bench, '../node_modules/typescript6/bin/tsc6'),
}
const config = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
    module: 'nodenext',
    types: [],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
  },
  include: ['.'],
}

if (!existsSync(join(peers, 'node_modules/@orpc/server'))) {
  console.log('installing the peers (bench/peers)')
  const { status } = spawnSync(
    'npm',
    ['ci', '--prefix', peers, '--workspaces=false', '--no-audit', '--no-fund'],
    { cwd: peers, stdio: 'inherit' },
  )
  if (status !== 0) throw new Error('npm ci in bench/peers failed')
}

/** Beside the peers, so that their packages are found; `.cache` is ignored by git. @param {string} name @param {Record<string, string>} files */
function write(name, files) {
  const project = join(peers, '.cache/types', name)
  rmSync(project, { recursive: true, force: true })
  mkdirSync(project, { recursive: true })
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(project, file), text)
  return project
}

/** @param {6 | 7} version @param {string} project */
function check(version, project) {
  const args = [programs[version], '-p', project, '--pretty', 'false', '--extendedDiagnostics']
  const { stdout } = spawnSync(process.execPath, version === 7 ? [...args, '--checkers', '1'] : args, {
    encoding: 'utf8',
  })
  const errors = stdout.split('\n').filter((line) => line.includes('error TS'))
  if (errors.length > 0) throw new Error(`${project} does not compile:\n${errors.slice(0, 5).join('\n')}`)
  const number = (/** @type {RegExp} */ pattern) => Number(pattern.exec(stdout)?.[1])
  return { instantiations: number(/^Instantiations:\s+(\d+)/m), seconds: number(/^Check time:\s+([\d.]+)s/m) }
}

/** @param {6 | 7} version @param {string} project @param {[string, string]} place */
async function completion(version, project, [before, rest]) {
  const file = 'call0.ts'
  const editor = version === 7 ? await openServer(programs[7], project, file) : openService(project, file)
  const source = `${readFileSync(join(project, file), 'utf8')}\n${before}`
  const times = []
  let names = 0
  for (const typed of ['', '/', '/p', '/p0', '/p0/']) {
    const letters = rest === '' ? typed.replace(/\W/g, '').padEnd(typed.length, 'r') : typed
    const startedAt = performance.now()
    names = await editor.complete(`${source}${letters}${rest}\n`, source.length + letters.length)
    times.push(performance.now() - startedAt)
  }
  editor.close()
  if (names === 0) throw new Error(`nothing is offered in ${project}`)
  return { names, coldMs: times[0], letterMs: times.slice(1).sort((a, b) => a - b)[1] }
}

/** @type {Record<string, Record<string, { server: number, all: number, seconds: number, coldMs: number, letterMs: number, names: number }>>} */
const results = {}
for (const [name, framework] of Object.entries(frameworks)) {
  const quiet = write(`${name}-server`, sources(framework, false))
  const calling = write(name, sources(framework, true))
  for (const version of /** @type {const} */ ([7, 6])) {
    const server = check(version, quiet)
    const all = check(version, calling)
    const typed = await completion(version, quiet, framework.completion)
    const row = {
      server: Math.round(server.instantiations / ROUTES),
      all: Math.round(all.instantiations / ROUTES),
      seconds: all.seconds,
      ...typed,
    }
    ;(results[`TypeScript ${version}`] ??= {})[name] = row
    console.log(`TypeScript ${version} ${name}`, row)
  }
}

const lines = Object.entries(results).flatMap(([version, rows]) =>
  Object.entries(rows).map(
    ([name, { server, all, seconds, coldMs, letterMs }]) =>
      `| ${version} | ${name} | ${server} | ${all} | ${seconds.toFixed(2)} | ${coldMs.toFixed(0)} | ${letterMs.toFixed(0)} |`,
  ),
)
console.log(
  [
    '| | | instantiations per route: server and client | and every route called | check, s | completion: cold, ms | after a letter, ms |',
    '|--|--|--|--|--|--|--|',
    ...lines,
  ].join('\n'),
)
const version = (/** @type {string} */ name) =>
  JSON.parse(readFileSync(join(peers, 'node_modules', name, 'package.json'), 'utf8')).version
const record = {
  at: new Date().toISOString(),
  machine: { cpu: cpus()[0]?.model.trim(), cores: cpus().length, node: process.version, load: loadavg()[0] },
  versions: Object.fromEntries(
    ['hono', '@hono/zod-validator', '@orpc/server', '@orpc/client', 'zod'].map((name) => [
      name,
      version(name),
    ]),
  ),
  routes: ROUTES,
  results,
}
writeFileSync(join(bench, 'results/types.json'), `${JSON.stringify(record, null, 2)}\n`)
