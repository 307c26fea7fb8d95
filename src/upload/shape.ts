/** The parts of a form as they are declared: schemas of fields, and files. */
import { type FileRule, isFileRule, type PartShape } from '../core/body/body-reader.ts'
import { UsageError } from '../core/error.ts'
import { assertOptions, namesOf } from '../core/option.ts'
import { type AnySchema, isSchema, type SchemaInput } from '../core/schema.ts'

const MIB = 1024 * 1024

export interface FilePartOptions {
  /** The largest file in bytes, default 10 MiB. A larger one is a 413. */
  readonly maxBytes?: number
  /** Media types it may have, as its sender names them: `image/png`, `image/*`. Default: any. */
  readonly types?: readonly string[]
  /** Ends its name may have, in whatever case: `.png`. Default: any. */
  readonly extensions?: readonly string[]
  /** Whether it may be missing. Default false. */
  readonly optional?: boolean
  /** Takes a list of files under this name, in place of one. Default false. */
  readonly many?: boolean
  /** How many, with `many`. Default 10. */
  readonly maxCount?: number
}

const FILE_OPTIONS = namesOf<FilePartOptions>({
  maxBytes: true,
  types: true,
  extensions: true,
  optional: true,
  many: true,
  maxCount: true,
})

/** A file of a form, with what its options say in its type. */
export interface FileDeclaration<O = FilePartOptions> extends FileRule {
  /** Carries the type of the options; never present. */
  readonly '~options'?: O
}

/**
 * A file in a form.
 *
 * @example form({ title: z.string(), photo: file({ types: ['image/*'], maxBytes: 5_000_000 }) })
 * @throws {UsageError} for limits that are none.
 */
export function file<const O extends FilePartOptions = {}>(options?: O): FileDeclaration<O> {
  assertOptions(options ?? {}, FILE_OPTIONS, 'file')
  const { maxBytes = 10 * MIB, types, extensions, optional = false, many = false, maxCount } = options ?? {}
  if (typeof maxBytes !== 'number' || !(maxBytes > 0))
    throw new UsageError(`maxBytes takes a number of bytes, not ${maxBytes}.`)
  if (maxCount !== undefined && (!many || !(maxCount > 0)))
    throw new UsageError('maxCount takes a number from 1 up, and needs `many: true`.')
  return Object.freeze({
    kind: 'file',
    maxBytes,
    maxCount: many ? (maxCount ?? 10) : 1,
    types: types?.map((type) => type.toLowerCase()),
    extensions: extensions?.map((extension) => extension.toLowerCase()),
    optional,
    many,
  })
}

/** Limits of a form as a whole, beside those of its files. */
export interface FormLimits {
  /** Fields and files, default 1000. */
  readonly parts?: number
  /** The value of one field in bytes, default 64 KiB. */
  readonly fieldBytes?: number
  /** All fields and all headers together in bytes, default 1 MiB. */
  readonly fieldsBytes?: number
  /** The headers of one part in bytes, default 8 KiB. */
  readonly headerBytes?: number
}

export const DEFAULT_LIMITS: Required<FormLimits> = {
  parts: 1000,
  fieldBytes: 64 * 1024,
  fieldsBytes: MIB,
  headerBytes: 8 * 1024,
}

/** What is asked of a file where nothing is declared. */
export const ANY_FILE: FileRule = file({ many: true, maxCount: 10, optional: true })

/** What all parts together may have, when each keeps its own limits. */
export function largestBody(parts: PartShape | undefined, limits: Required<FormLimits>): number {
  const files = parts === undefined ? [ANY_FILE] : Object.values(parts).filter(isFileRule)
  return files.reduce((sum, { maxBytes, maxCount }) => sum + maxBytes * maxCount, limits.fieldsBytes)
}

/** @throws {UsageError} for what is neither a schema nor a file. */
export function assertShape(name: string, parts: PartShape | undefined): void {
  if (parts !== undefined && isSchema(parts))
    throw new UsageError(`${name}() takes its parts by name: ${name}({ title: schema, photo: file() }).`)
  for (const [part, declared] of Object.entries(parts ?? {})) {
    if (!isSchema(declared) && !isFileRule(declared))
      throw new UsageError(`${name}({ ${part} }) must be a schema or file(...).`)
  }
}

/** What a client sends for a form: a FormData, or its parts by name. */
export type SentForm<S> =
  | FormData
  | ({ readonly [K in RequiredPart<S>]: SentPart<S[K]> } & {
      readonly [K in Exclude<keyof S, RequiredPart<S>>]?: SentPart<S[K]>
    })

type RequiredPart<S> = {
  [K in keyof S]: S[K] extends FileDeclaration<infer O>
    ? O extends { readonly optional: true }
      ? never
      : K
    : S[K] extends AnySchema
      ? undefined extends SchemaInput<S[K]>
        ? never
        : K
      : never
}[keyof S]

type SentPart<P> =
  P extends FileDeclaration<infer O>
    ? O extends { readonly many: true }
      ? readonly Blob[]
      : Blob
    : SchemaInput<P>
