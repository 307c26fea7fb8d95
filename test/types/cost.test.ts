/**
 * What our types cost the compiler, counted in instantiations: budgets that fail, on both compilers.
 *
 * Schemas cost, too, whoever looks at their types, so the same schemas and handlers without Millrace
 * (types written by hand with `z.input` and `z.output`) are counted beside ours.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { compile, VERSIONS, type Version, writeProject } from './compiler.ts'
import {
  clientApp,
  expensiveApp,
  inlineApp,
  inlineByHand,
  inlineSchemas,
  pathApp,
  resourceApp,
  ROUTES,
  type Sources,
} from './large-app.ts'

/** Instantiations per route. The first is the promise; the others keep what we have reached. */
const BUDGETS = {
  'resources, and a client that calls a fifth': 420,
  'resources, and a client that calls them all': 580,
  'resources, in all': 400,
  'schemas in place, beyond the same by hand': 280,
  'paths only': 140,
}
type Measures = Record<keyof typeof BUDGETS, number>

const overBudget = (measures: Measures): string[] =>
  Object.entries(BUDGETS).flatMap(([name, budget]) =>
    measures[name as keyof Measures] > budget ? [`${name}: more than ${budget}`] : [],
  )

async function perRoute(version: Version, name: string, sources: Sources, once = false): Promise<number> {
  const project = await writeProject(`cost-${name}`, sources)
  const { findings, instantiations } = await compile(version, project, once)
  expect(findings.slice(0, 3)).toEqual([])
  return instantiations / ROUTES
}

describe.each(VERSIONS)('500 routes on TypeScript %i', (version) => {
  let measures: Measures

  beforeAll(async () => {
    const resources = await perRoute(version, 'resource', resourceApp())
    const fifth = await perRoute(version, 'fifth', clientApp(5), true)
    const client = await perRoute(version, 'client', clientApp(1), true)
    const inline = await perRoute(version, 'inline', inlineApp())
    const byHand = await perRoute(version, 'by-hand', inlineByHand())
    const schemas = await perRoute(version, 'schemas', inlineSchemas())
    const paths = await perRoute(version, 'paths', pathApp())
    measures = {
      'resources, and a client that calls a fifth': fifth,
      'resources, and a client that calls them all': client,
      'resources, in all': resources,
      'schemas in place, beyond the same by hand': inline - byHand,
      'paths only': paths,
    }
    const round = (n: number) => n.toFixed(0).padStart(5)
    console.log(
      [
        `Instantiations per route, TypeScript ${version}, ${ROUTES} routes`,
        `${round(resources)}  100 resources with five routes each`,
        `${round(fifth)}  the same, and a client that calls each fifth route, in one thread`,
        `${round(client)}  the same, and a client that calls each route, in one thread`,
        `${round(inline)}  every route with schemas of its own`,
        `${round(byHand)}    the same schemas and handlers by hand, without Millrace`,
        `${round(inline - byHand)}    so Millrace itself`,
        `${round(schemas)}    the same schemas, declared and not used`,
        `${round(paths)}  paths only`,
      ].join('\n'),
    )
  }, 900_000)

  it('stay within their budgets', () => {
    expect(overBudget(measures)).toEqual([])
  })

  it('would be seen to exceed them', async () => {
    const expensive = await perRoute(version, 'expensive', expensiveApp())
    expect(overBudget({ ...measures, 'resources, in all': expensive })).toEqual([
      'resources, in all: more than 400',
    ])
  }, 300_000)
})
