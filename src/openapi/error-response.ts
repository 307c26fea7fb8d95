/** The errors of the error table, as components that operations refer to by status. */
import { ERROR_TABLE } from '../core/error.ts'
import type { JsonSchema } from './json-schema.ts'
import { pascal } from './name.ts'
import type { Json } from './dialect.ts'

type Entry = readonly [code: string, title: string]

const BY_STATUS = new Map<number, Entry[]>()
for (const [code, [status, title]] of Object.entries(ERROR_TABLE))
  BY_STATUS.set(status, [...(BY_STATUS.get(status) ?? []), [code, title]])

/** An issue of an input, and its place. */
const INPUT_ISSUE: JsonSchema = {
  type: 'object',
  required: ['in', 'path', 'detail'],
  properties: {
    in: {
      type: 'string',
      description: 'Which input.',
      examples: ['params', 'query', 'headers', 'cookies', 'body'],
    },
    path: {
      type: 'array',
      items: { type: ['string', 'integer'] },
      description: 'The place in that input, as keys and indexes.',
    },
    detail: { type: 'string', description: 'What is wrong.' },
  },
}

/** RFC 9457, with `code` and `errors`. */
const PROBLEM: JsonSchema = {
  type: 'object',
  description: 'A problem document (RFC 9457).',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference', default: 'about:blank' },
    title: { type: 'string', description: 'The kind of problem, for people.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    code: { type: 'string', description: 'The kind of problem, for programs: it does not change.' },
    detail: { type: 'string', description: 'What was wrong this time, and what to do next.' },
    errors: {
      type: 'array',
      items: INPUT_ISSUE,
      description: 'Every issue of inputs that did not pass.',
    },
  },
}

/** Whoever refers to an error makes it a component. */
export class ErrorResponses {
  readonly #used = new Set<number | 'default'>()
  #usesProblem = false

  /** The response of a status, or of every error that is not named. */
  reference(status: number | 'default'): Json {
    if (status !== 'default' && !BY_STATUS.has(status)) return this.response(`Error ${status}`)
    this.#used.add(status)
    return { $ref: `#/components/responses/${nameOf(status)}` }
  }

  /** A response of one's own that carries a problem document. */
  response(description: string, entries: readonly Entry[] = [], status = 0): Json {
    this.#usesProblem = true
    const examples = Object.fromEntries(
      entries.map(([code, title]) => [code, { value: { type: 'about:blank', title, status, code } }]),
    )
    const schema = { $ref: '#/components/schemas/Problem' }
    const media = entries.length === 0 ? { schema } : { schema, examples }
    return { description, content: { 'application/problem+json': media } }
  }

  /** `components.responses` of what is used. */
  get responses(): Record<string, Json> {
    const statuses = [...this.#used].sort((a, b) => String(a).localeCompare(String(b)))
    return Object.fromEntries(statuses.map((status) => [nameOf(status), this.#component(status)]))
  }

  /** The schema of problem documents, if anything uses it. */
  get schemas(): Record<string, JsonSchema> {
    return this.#used.size > 0 || this.#usesProblem ? { Problem: structuredClone(PROBLEM) } : {}
  }

  #component(status: number | 'default'): Json {
    if (status === 'default') return this.response('Any other error: a problem document says which.')
    const entries = BY_STATUS.get(status)!
    return this.response(`${entries[0]![1]}.`, entries, status)
  }
}

function nameOf(status: number | 'default'): string {
  return status === 'default' ? 'Error' : pascal(BY_STATUS.get(status)![0]![1])
}
