import type { SchemaRegistry } from './component.ts'
import type { Dialect } from './dialect.ts'
import type { ErrorResponses } from './error-response.ts'
import type { SchemeRegistry } from './requirement.ts'

/** A document while it is written: what its parts have in common. */
export interface Writing {
  readonly dialect: Dialect
  readonly schemas: SchemaRegistry
  readonly errors: ErrorResponses
  readonly schemes: SchemeRegistry
  /** Told of everything that is wrong, with its place. */
  readonly report: (place: string, problem: string) => void
}
