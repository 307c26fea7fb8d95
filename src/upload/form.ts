import { collect } from '../core/body/body.ts'
import { assertFormOrigin } from '../core/body/body-plan.ts'
import type { BodyRoom } from '../core/body/body-room.ts'
import { type BodyReader, isFileRule, type PartShape } from '../core/body/body-reader.ts'
import { type InputIssue } from '../core/error.ts'
import type { Exchange } from '../core/exchange.ts'
import { placeIssues, checkSent, type Schema, type SchemaOutput } from '../core/schema.ts'
import {
  type OpenDisk,
  save,
  type Saved,
  type SaveOptions,
  type SaveTarget,
  type Scratch,
} from '../core/body/sink.ts'
import { harmless } from '../core/lifetime/thenable.ts'
import { Gathering } from '../wire/gathering.ts'
import { MULTIPART, openMultipart } from './multipart.ts'
import type { FieldPart, FilePart } from './part.ts'
import {
  assertShape,
  DEFAULT_LIMITS,
  type FileDeclaration,
  type FormLimits,
  largestBody,
  type SentForm,
} from './shape.ts'

/** What the handler gets of a form with these parts. */
export type FormOf<S extends PartShape> = {
  readonly [K in keyof S]: S[K] extends FileDeclaration<infer O> ? FilesOf<O> : SchemaOutput<S[K]>
}

type FilesOf<O> = O extends { readonly many: true }
  ? readonly UploadedFile[]
  : O extends { readonly optional: true }
    ? UploadedFile | undefined
    : UploadedFile

/** Up to so many bytes a file is kept in memory, before it goes to disk. */
const IN_MEMORY = 1024 * 1024

const URLENCODED = 'application/x-www-form-urlencoded'

/**
 * A form as a whole: the handler gets an object of validated fields and uploaded files. Files of more than
 * 1 MiB are kept on disk, without a name, until the request has ended. For large files, `multipart` hands
 * them over as they arrive.
 *
 * A field that was sent several times is a list, as is one whose schema takes nothing else. Fields without a
 * declaration are left out, files without one are refused (422). A form without files may also come as
 * application/x-www-form-urlencoded.
 *
 * @param parts schemas of fields, and `file(...)`, by name.
 * @param limits of the form as a whole; all are on by default.
 * @example
 * app.post('/photos', { body: form({ title: z.string(), photo: file() }) }, async ({ body }) => {
 *   await body.photo.saveTo(`photos/${body.photo.filename}`)
 * })
 * @throws {UsageError} for what is neither a schema nor a file.
 */
export function form<const S extends PartShape>(
  parts: S,
  limits: FormLimits = {},
): BodyReader<FormOf<S>, SentForm<S>> & { readonly parts: S } {
  assertShape('form', parts)
  const bounds = { ...DEFAULT_LIMITS, ...limits }
  const hasFiles = Object.values(parts).some((part) => isFileRule(part) && !part.optional)
  return Object.freeze({
    name: 'form',
    mediaTypes: hasFiles ? [MULTIPART] : [MULTIPART, URLENCODED],
    parts,
    bodyLimit: largestBody(parts, bounds),
    plan: async (exchange: Exchange, issues: InputIssue[], inputs: { body?: unknown }) => {
      const sent =
        exchange.rawBody.mediaType === URLENCODED && !hasFiles
          ? await readUrlencoded(exchange)
          : await readParts(exchange, parts, bounds)
      inputs.body = await validateForm(parts, sent, issues)
    },
  })
}

/** What was sent, by name, in order. */
type Sent = Map<string, (string | UploadedFile)[]>

async function readUrlencoded({ rawBody, request }: Exchange): Promise<Sent> {
  assertFormOrigin(rawBody, request)
  const fields = await rawBody.form()
  return new Map(Object.entries(fields).map(([name, value]) => [name, [value].flat()]))
}

async function readParts(exchange: Exchange, parts: PartShape, limits: Required<FormLimits>): Promise<Sent> {
  const sent: Sent = new Map()
  // Fields are validated when all of their name have come; so they come as they are.
  const body = openMultipart<FieldPart | FilePart>(exchange, withoutSchemas(parts), limits)
  for await (const part of body) {
    const value = part.kind === 'field' ? part.value : await spool(part, exchange)
    const present = sent.get(part.name)
    if (present === undefined) sent.set(part.name, [value])
    else present.push(value)
  }
  return sent
}

const ANY: Schema = { '~standard': { version: 1, vendor: 'millrace', validate: (value) => ({ value }) } }

function withoutSchemas(parts: PartShape): PartShape {
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [
      name,
      // Which ones are missing is told together with what else is wrong.
      isFileRule(part) ? { ...part, optional: true } : ANY,
    ]),
  )
}

async function validateForm(parts: PartShape, sent: Sent, issues: InputIssue[]): Promise<object> {
  const form: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(parts)) {
    const values = sent.get(name) ?? []
    if (isFileRule(part)) {
      form[name] = part.many ? values : values[0]
      if (values.length === 0 && !part.optional)
        issues.push({ in: 'body', path: [name], detail: 'A file is missing.' })
      continue
    }
    const result = await validateField(part as Schema, values)
    if (result.issues === undefined) form[name] = result.value
    else
      for (const issue of placeIssues('body', result.issues))
        issues.push({ ...issue, path: [name, ...issue.path] })
  }
  return form
}

/** One value arrives as it is; if its schema wants a list, it is offered once more as a list of one. */
async function validateField(schema: Schema, values: readonly unknown[]) {
  const result = await checkSent(schema, values.length > 1 ? values : values[0])
  if (result.issues === undefined || values.length !== 1) return result
  const asList = await checkSent(schema, values)
  return asList.issues === undefined ? asList : result
}

/** Reads a file into memory, and from there to disk when it becomes large. */
async function spool(part: FilePart, exchange: Exchange): Promise<UploadedFile> {
  const { disk } = exchange.engine
  const { room } = exchange.bodyIntake
  let gathering = new Gathering()
  let scratch: Scratch | undefined
  for await (const bytes of part) {
    if (scratch === undefined && part.received > IN_MEMORY) {
      scratch = await (await disk()).scratch()
      const opened = scratch
      exchange.lifetime.releaseWith('request', `upload "${part.name}"`, () => opened.close())
      await scratch.write(gathering.join())
      gathering = new Gathering()
    }
    if (scratch === undefined) {
      gathering.add(bytes)
      room.keep(bytes.byteLength)
    } else await scratch.write(bytes)
  }
  return new UploadedFile(part, scratch ?? gathering.join(), disk, room)
}

type Kept = Scratch | Uint8Array

/** A file that was uploaded whole. It is there until the request has ended: save it, or read it, before. */
export class UploadedFile implements AsyncIterable<Uint8Array> {
  /** Made safe to be joined to a directory: no separators, no dots in front, 200 bytes at the most. */
  readonly filename: string
  /** The name as it was sent: for people to read, never for a path. */
  readonly sentFilename: string
  /** The media type its sender gave, without parameters; nobody has looked whether it is true. */
  readonly type: string
  /** Bytes. */
  readonly size: number
  readonly #kept: Kept
  readonly #disk: OpenDisk
  readonly #room: BodyRoom

  constructor(part: FilePart, kept: Kept, disk: OpenDisk, room: BodyRoom) {
    const { filename, sentFilename, type, received } = part
    this.filename = filename
    this.sentFilename = sentFilename
    this.type = type
    this.size = received
    this.#kept = kept
    this.#disk = disk
    this.#room = room
  }

  /** The bytes, from the start; as often as you like. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#kept instanceof Uint8Array) yield this.#kept
    else yield* this.#kept.read()
  }

  /** The whole file in memory. */
  bytes(): Promise<Uint8Array> {
    if (this.#kept instanceof Uint8Array) return Promise.resolve(this.#kept)
    return harmless(collect(this, this.#room))
  }

  /** The whole file in memory, as UTF-8; what is none is replaced. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes())
  }

  /**
   * Writes it to a path on disk, a sink or a web stream. A file appears when it is complete; when anything
   * goes wrong, nothing is left.
   *
   * @param target for a path: join `filename`, or better a name of your own, to a directory.
   * @throws {HttpError} 409 and 507 from the disk.
   */
  saveTo(target: SaveTarget, options: SaveOptions = {}): Promise<Saved> {
    return harmless(save(this, target, options, this.#disk))
  }
}
