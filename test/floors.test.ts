/**
 * The house has floors (DESIGN, section 4), and this test is their guard. It builds the import graph
 * from the source, type imports too, and refuses an import upward, from room to room, in a circle, or
 * of Node outside the transports.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const SRC = join(import.meta.dirname, '../src')
const ROOMS = ['stream', 'openapi', 'channels', 'limits', 'observe', 'client', 'upload']
const FLOORS: Record<string, number> = {
  wire: 0,
  core: 1,
  ...Object.fromEntries(ROOMS.map((room) => [room, 2])),
  transports: 3,
  adapters: 3,
  testing: 3,
  cli: 3,
}
/** The files in the root of `src` are the front door: they may see everything. */
const FRONT_DOOR = 4
const MAY_USE_NODE = ['transports/node/', 'cli/']

type Graph = ReadonlyMap<string, readonly string[]>

function readGraph(root: string): Graph {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.tsx?$/.test(file),
  )
  return new Map(
    files.map((file) => {
      const source = readFileSync(join(root, file), 'utf8')
      const specifiers = source.matchAll(
        /(?:^|\n)(?:import|export)\s[^'"]*?from\s+'([^']+)'|import\(\s*'([^']+)'/g,
      )
      const targets = [...specifiers].map((match) => (match[1] ?? match[2])!)
      return [
        file,
        targets.map((t) => (t.startsWith('.') ? relative(root, join(root, dirname(file), t)) : t)),
      ]
    }),
  )
}

const roomOf = (file: string) => (file.includes('/') ? file.split('/')[0]! : '')
const floorOf = (file: string) => (file.includes('/') ? (FLOORS[roomOf(file)] ?? Number.NaN) : FRONT_DOOR)

function violations(graph: Graph): string[] {
  const found: string[] = []
  for (const [file, targets] of graph) {
    if (Number.isNaN(floorOf(file))) found.push(`${file}: its folder has no floor`)
    for (const target of targets) {
      if (!/\.tsx?$/.test(target)) {
        const isNode = target.startsWith('node:')
        if (isNode && !MAY_USE_NODE.some((prefix) => file.startsWith(prefix)))
          found.push(`${file}: imports ${target}`)
        continue
      }
      if (!graph.has(target)) found.push(`${file}: imports ${target}, which does not exist`)
      if (floorOf(target) > floorOf(file)) found.push(`${file}: imports upward, ${target}`)
      const rooms = [roomOf(file), roomOf(target)] as const
      if (rooms[0] !== rooms[1] && floorOf(file) === floorOf(target) && floorOf(file) !== FRONT_DOOR) {
        found.push(`${file}: imports another room, ${target}`)
      }
    }
  }
  return [...found, ...cycles(graph)]
}

function cycles(graph: Graph): string[] {
  const state = new Map<string, 'open' | 'done'>()
  const found: string[] = []
  const visit = (file: string, trail: readonly string[]): void => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      found.push(`cycle: ${[...trail.slice(trail.indexOf(file)), file].join(' -> ')}`)
      return
    }
    state.set(file, 'open')
    for (const target of graph.get(file) ?? []) if (graph.has(target)) visit(target, [...trail, file])
    state.set(file, 'done')
  }
  for (const file of graph.keys()) visit(file, [])
  return found
}

describe('the floors of the house', () => {
  const graph = readGraph(SRC)

  it('reads the whole house', () => {
    expect(graph.size).toBeGreaterThan(40)
    expect(graph.get('core/app.ts')).toContain('core/router.ts')
  })

  it('holds: no import upward, from room to room, in a circle, or of node: outside the transports', () => {
    expect(violations(graph)).toEqual([])
  })

  it.each([
    ['an upward import', 'core/app.ts', 'stream/pump.ts', 'imports upward'],
    ['an import of another room', 'stream/pump.ts', 'channels/log.ts', 'imports another room'],
    ['a cycle', 'wire/path.ts', 'wire/path.ts', 'cycle:'],
    ['node: in the core', 'core/app.ts', 'node:fs', 'imports node:fs'],
    ['a folder without a floor', 'utils/misc.ts', 'wire/path.ts', 'has no floor'],
  ])('catches %s', (_what, file, target, message) => {
    const broken = new Map(graph).set(file, [...(graph.get(file) ?? []), target])
    expect(violations(broken).join('\n')).toContain(message)
  })
})

describe('files', () => {
  it.each(readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file)))(
    '%s is named by a singular noun in kebab-case, and is no drawer',
    (file) => {
      expect(file).toMatch(/^([a-z][a-z0-9-]*\/)*[a-z][a-z0-9-]*\.tsx?$/)
      expect(file).not.toMatch(/(^|\/)(utils?|helpers?|common|types|misc|shared)\.tsx?$/)
    },
  )
})
