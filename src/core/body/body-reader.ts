import type { InputIssue } from '../error.ts'
import { type AnySchema, isSchema } from '../schema.ts'

/**
 * A body that is read in a way of its own: `multipart(...)`, `form(...)`. `Read` is what the handler gets,
 * `Sent` what a client sends.
 */
export interface BodyReader<out Read = unknown, in Sent = never> {
  readonly name: 'multipart' | 'form'
  /** What it reads, the preferred one first. */
  readonly mediaTypes: readonly string[]
  /** Its parts by their names: schemas of fields, and files. Undefined when it takes any. */
  readonly parts: PartShape | undefined
  /** The largest body, in bytes, that keeps the limits of all its parts. A `bodyLimit` of the route goes first. */
  readonly bodyLimit: number
  /** A BodyPlan. What it gets is left out here, because that knows of routes. */
  readonly plan: (exchange: never, issues: InputIssue[], inputs: { body?: unknown }) => Promise<void>
  /** Carries the type of what is read; never present. */
  readonly '~read'?: Read
  /** Carries the type of what is sent; never present. */
  readonly '~sent'?: (sent: Sent) => void
}

/** The parts of a form by their names. */
export type PartShape = Readonly<Record<string, AnySchema | FileRule>>

/** What is asked of a file in a form. Make one with `file(...)`. */
export interface FileRule {
  readonly kind: 'file'
  /** The largest file, in bytes. */
  readonly maxBytes: number
  /** How many may be sent under this name. */
  readonly maxCount: number
  /** Media types it may have: `image/png`, `image/*`. Undefined: any. */
  readonly types: readonly string[] | undefined
  /** Ends of its name, in lower case: `.png`. Undefined: any. */
  readonly extensions: readonly string[] | undefined
  /** Whether it may be missing. */
  readonly optional: boolean
  /** Whether there is a list of them. */
  readonly many: boolean
}

/** Whether a part is a file. */
export function isFileRule(part: AnySchema | FileRule): part is FileRule {
  return !isSchema(part) && (part as FileRule).kind === 'file'
}
