/** The documents of the showcase, as two judges see them. */
import { describe, expect, it } from 'vitest'
import { createShowcase } from '../../examples/showcase/src/app.ts'
import { lint, refusals } from './judge.ts'

describe('the documents of the showcase', () => {
  const app = createShowcase({ file: import.meta.filename, uploads: '.' })

  it.each(['3.2', '3.1'] as const)(
    'OpenAPI %s passes redocly lint and the official schema',
    async (dialect) => {
      const document = await app.openapi({ dialect })
      expect(document.openapi).toMatch(new RegExp(`^${dialect}\\.\\d$`))
      expect(await lint(document)).toEqual([])
      expect(await refusals(document)).toBeUndefined()
    },
  )

  it('AsyncAPI passes redocly lint', async () => {
    const document = await app.asyncapi()
    expect(document.asyncapi).toBe('3.1.0')
    expect(await lint(document)).toEqual([])
  })

  it('the judges judge: they refuse a 3.1 document with what only 3.2 has', async () => {
    const document = { ...(await app.openapi()), openapi: '3.1.1' }
    expect(await lint(document)).not.toEqual([])
    expect(await refusals(document)).toBeDefined()
    const async = { ...(await app.asyncapi()), operations: { x: { action: 'shout' } } }
    expect(await lint(async)).not.toEqual([])
  })

  it('every operation has a 4xx response, an id and a summary', async () => {
    const { paths } = await app.openapi()
    const items = paths['/ticks'] as Record<string, { operationId: string; summary: string }>
    expect(items['get']).toMatchObject({ operationId: 'getTicks', summary: 'Get ticks' })
  })
})
