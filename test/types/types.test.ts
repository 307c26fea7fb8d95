/** The type tests (`*.test-d.ts`) hold in both compilers, and would be seen to fail if they did not. */
import { describe, expect, it } from 'vitest'
import { compile, VERSIONS, writeProject } from './compiler.ts'

describe.each(VERSIONS)('TypeScript %i', (version) => {
  it('agrees with every type test', async () => {
    expect((await compile(version, import.meta.dirname)).findings).toEqual([])
  }, 180_000)

  it('disagrees with the control, in which every line is wrong', async () => {
    const project = await writeProject(`control-${version}`, { 'control.ts': CONTROL })
    const { findings } = await compile(version, project)
    expect(findings.map(({ line, code }) => `${line} ${code}`)).toEqual([
      '5 TS2344', // What is expected of the type does not hold.
      '6 TS2578', // The error that is expected is none.
      '8 TS2339', // An error that is not expected.
      '9 TS2345',
    ])
  }, 180_000)
})

/** Wrong in each of the ways in which a type test can be wrong. */
const CONTROL = `import { App, text } from 'millrace'
import { expectTypeOf } from 'vitest'
const app = new App()
app.get('/:id', ({ params }) => expectTypeOf(params.id).toEqualTypeOf<string>())
app.get('/:id', ({ params }) => expectTypeOf(params.id).toEqualTypeOf<number>())
// @ts-expect-error the name is right
app.get('/:id', ({ params }) => params.id)
app.get('/:id', ({ params }) => params.name)
app.get('/', { streams: text }, async function* () { yield 5 })
`
