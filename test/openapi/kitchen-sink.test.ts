/** The documents of an app that uses everything: judged by others, and kept as files to be read. */
import type { OpenApiDocument } from 'millrace'
import { describe, expect, it } from 'vitest'
import { ERROR_TABLE } from '../../src/core/error.ts'
import { lint, refusals } from './judge.ts'
import * as sink from './kitchen-sink.ts'

const pretty = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
const golden = (name: string) => `./golden/${name}.json`

type Content = Record<string, { schema?: unknown; itemSchema?: unknown; examples?: unknown }>
interface Operation {
  readonly responses: Record<string, { content?: Content; description: string }>
  readonly requestBody?: { content: Content }
}

const operationAt = (document: OpenApiDocument, path: string, method: string) =>
  document.paths[path]![method] as Operation

describe.each(['3.2', '3.1'] as const)('the kitchen sink in the dialect %s', (dialect) => {
  it('passes redocly lint and the official schema', async () => {
    const document = await sink.app.openapi({ dialect, exports: sink })
    expect(await lint(document)).toEqual([])
    expect(await refusals(document)).toBeUndefined()
  })

  it('is what somebody has looked at', async () => {
    const document = await sink.app.openapi({ dialect, exports: sink })
    // The errors are those of the table, which grows; see below.
    delete document.components!['responses']
    await expect(pretty(document)).toMatchFileSnapshot(golden(`openapi-${dialect}`))
  })

  it('has the errors of the table, each status once', async () => {
    const { components } = await sink.app.openapi({ dialect, exports: sink })
    const found = Object.values(components!['responses']!).flatMap((response) => {
      const { content } = response as {
        content: Record<string, { examples?: Record<string, { value: object }> }>
      }
      return Object.entries(content['application/problem+json']!.examples ?? {})
    })
    for (const [code, { value }] of found) {
      const [status, title] = ERROR_TABLE[code as keyof typeof ERROR_TABLE]
      expect(value).toEqual({ type: 'about:blank', title, status, code })
    }
    const statuses = new Set([400, 401, 403, 406, 408, 413, 415, 422])
    const wanted = Object.entries(ERROR_TABLE).flatMap(([code, [status]]) =>
      statuses.has(status) ? [code] : [],
    )
    expect(found.map(([code]) => code).sort()).toEqual(wanted.sort())
  })

  it('says of each stream format what it carries', async () => {
    const document = await sink.app.openapi({ dialect, exports: sink })
    const formats = Object.keys(document.paths)
      .filter((path) => path.startsWith('/streams/'))
      .map((path) => [path.slice('/streams/'.length), operationAt(document, path, 'get').responses['200']])
    await expect(pretty(Object.fromEntries(formats))).toMatchFileSnapshot(golden(`stream-${dialect}`))
  })
})

describe('a stream in the dialects', () => {
  it('is told by its items: `itemSchema` in 3.2, `schema` in 3.1', async () => {
    const both = await Promise.all(
      (['3.2', '3.1'] as const).map((dialect) => sink.app.openapi({ dialect, exports: sink })),
    )
    for (const [format, mediaType] of [
      ['jsonl', 'application/jsonl'],
      ['jsonl', 'application/x-ndjson'],
      ['json-seq', 'application/json-seq'],
    ] as const) {
      const [newer, older] = both.map(
        (document) =>
          operationAt(document, `/streams/${format}`, 'get').responses['200']!.content![mediaType]!,
      )
      expect(newer!.itemSchema, format).toBeDefined()
      expect(newer!.schema, format).toBeUndefined()
      expect(older!.itemSchema, format).toBeUndefined()
      expect(older!.schema, format).toEqual(newer!.itemSchema)
    }
  })

  it('is one array as JSON, and a body of JSON Lines has items too', async () => {
    const document = await sink.app.openapi()
    const array = operationAt(document, '/streams/json-array', 'get').responses['200']!.content!
    expect(array['application/json']!.schema).toMatchObject({ type: 'array' })
    const rows = operationAt(document, '/rows', 'post').requestBody!.content
    expect(rows['application/jsonl']!.itemSchema).toBeDefined()
  })

  it('has no methods in 3.1 that 3.1 cannot say', async () => {
    const document = await sink.app.openapi({ dialect: '3.1' })
    expect(document.paths['/search']).toBeUndefined()
    expect(document.paths['/cache/{key}']).toBeUndefined()
    const newer = await sink.app.openapi()
    expect(newer.paths['/search']).toHaveProperty('query')
    expect(newer.paths['/cache/{key}']).toHaveProperty(['additionalOperations', 'PURGE'])
  })
})

describe('the sockets and channels of the kitchen sink', () => {
  it('pass redocly lint, and are what somebody has looked at', async () => {
    const document = await sink.app.asyncapi({ exports: sink })
    expect(await lint(document)).toEqual([])
    await expect(pretty(document)).toMatchFileSnapshot(golden('asyncapi'))
  })
})
