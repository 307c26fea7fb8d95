import type { Progress } from '../core/body/body.ts'
import type { BodyIntake } from '../core/body/body-intake.ts'
import { type FileRule, isFileRule, type PartShape } from '../core/body/body-reader.ts'
import { HttpError, type InputIssue } from '../core/error.ts'
import { type AnySchema, placeIssues, checkSent, type Schema, validationFailed } from '../core/schema.ts'
import type { OpenDisk } from '../core/body/sink.ts'
import { type FormPart, readFormPart } from '../wire/form-part.ts'
import { Gathering } from '../wire/gathering.ts'
import { type MultipartEvent, type MultipartParser, MultipartSyntaxError } from '../wire/multipart.ts'
import { type FieldPart, FilePart, tooLarge } from './part.ts'
import { ANY_FILE, type FormLimits } from './shape.ts'

interface Rules {
  readonly parts: PartShape | undefined
  readonly limits: Required<FormLimits>
  readonly disk: OpenDisk
}

/** The parts of a form as they arrive. Readable once. */
export class MultipartBody<P> implements AsyncIterable<P> {
  readonly #body: BodyIntake
  readonly #parser: MultipartParser
  readonly #rules: Rules
  readonly #chunks: AsyncIterator<Uint8Array, void>
  /** How many of each name have come. */
  readonly #counts = new Map<string, number>()
  #parts = 0
  #fieldsBytes = 0
  /** Nobody asks for another part. */
  #left = false

  constructor(body: BodyIntake, parser: MultipartParser, rules: Rules) {
    this.#body = body
    this.#parser = parser
    this.#rules = rules
    this.#chunks = body[Symbol.asyncIterator]()
  }

  /** Bytes that have arrived, of all parts. */
  get received(): number {
    return this.#body.received
  }

  /** The `content-length` of the whole form, undefined when it is sent in pieces of unknown number. */
  get length(): number | undefined {
    return this.#body.length
  }

  /**
   * Calls `listener` with every piece of the form that arrives: for whoever shows how far an upload is.
   * One listener; the last one counts.
   */
  onProgress(listener: (progress: Progress) => void): void {
    this.#body.onArrival = () => listener(this)
  }

  /**
   * The parts in the order they were sent.
   *
   * @throws {HttpError} 400 for what is no form, 413 for a part that is too large, 422 for one that is not
   * as declared, or missing at the end.
   * @throws {TypeError} when it was read already, or a part is still being read.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<P, void, undefined> {
    let part: FieldPart<string, unknown> | FilePart | undefined
    let complete = false
    try {
      while ((part = await this.#next()) !== undefined) {
        yield part as P
        if (part instanceof FilePart) await part.skip()
      }
      complete = true
      await this.#assertComplete()
    } catch (error) {
      // Nobody needs the rest of what is refused.
      if (!complete) this.#body.abandon()
      throw error
    } finally {
      this.#left = true
      // `return part.saveTo(...)` in a loop leaves the loop, and goes on with the part.
      if (!(part instanceof FilePart && part.isBeingRead)) this.#close()
    }
  }

  #close(): void {
    void this.#chunks.return?.()
  }

  async #next(): Promise<FieldPart<string, unknown> | FilePart | undefined> {
    for (;;) {
      const event = await this.#pull()
      if (event.kind !== 'part') return this.#drain()
      const part = wellFormed(() => readFormPart(event.headers))
      if (++this.#parts > this.#rules.limits.parts) {
        const detail = `A form may have at most ${this.#rules.limits.parts} parts.`
        throw new HttpError('BODY_TOO_LARGE', { detail, headers: CLOSE })
      }
      for (const [name, value] of Object.entries(part.headers)) this.#count(name.length + value.length)
      const made = part.filename === undefined ? await this.#field(part) : await this.#file(part)
      if (made !== undefined) return made
    }
  }

  /** Fields and headers are kept in memory, together not more than so much of them. */
  #count(bytes: number): void {
    const { fieldsBytes } = this.#rules.limits
    this.#fieldsBytes += bytes
    this.#body.room.keep(bytes)
    if (this.#fieldsBytes <= fieldsBytes) return
    const detail = `The fields of a form may have at most ${fieldsBytes} bytes in all.`
    throw new HttpError('BODY_TOO_LARGE', { detail, headers: CLOSE })
  }

  async #field({ name, headers }: FormPart): Promise<FieldPart<string, unknown> | undefined> {
    const { parts, limits } = this.#rules
    const declared = this.#declared(name)
    if (declared !== undefined && isFileRule(declared)) throw refused(name, 'Send it as a file.')
    const gathering = new Gathering()
    let size = 0
    for (let bytes = await this.#data(); bytes !== undefined; bytes = await this.#data()) {
      size += bytes.byteLength
      if (size > limits.fieldBytes) throw tooLarge(name, 'field', limits.fieldBytes)
      this.#count(bytes.byteLength)
      gathering.add(bytes)
    }
    if (parts !== undefined && declared === undefined) return undefined
    const text = decodeField(name, headers, gathering.join())
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    if (declared === undefined) return { kind: 'field', name, value: text }
    const result = await checkSent(declared as Schema, text)
    if (result.issues === undefined) return { kind: 'field', name, value: result.value }
    throw validationFailed(
      placeIssues('body', result.issues).map((issue) => at(name, issue)),
      CLOSE,
    )
  }

  async #file(part: FormPart): Promise<FilePart | undefined> {
    const { name } = part
    const rule = this.#rules.parts === undefined ? ANY_FILE : this.#declared(name)
    if (rule === undefined) throw refused(name, 'There is no such file in this form.')
    if (!isFileRule(rule)) throw refused(name, 'Send it as a field, not as a file.')
    const left = () => this.#left && this.#close()
    const made = new FilePart(
      part,
      rule,
      { room: this.#body.room, pull: () => this.#data(), left },
      this.#rules.disk,
    )
    // A browser sends this for a file input in which nothing was chosen.
    if (part.filename === '') {
      await made.skip()
      return undefined
    }
    const count = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, count)
    if (count > rule.maxCount) throw refused(name, `At most ${rule.maxCount} are taken.`)
    assertKind(part, rule)
    return made
  }

  #declared(name: string): AnySchema | FileRule | undefined {
    const { parts } = this.#rules
    return parts !== undefined && Object.hasOwn(parts, name) ? parts[name] : undefined
  }

  /** What should have come and has not: only now is it known. */
  async #assertComplete(): Promise<void> {
    const issues: InputIssue[] = []
    for (const [name, declared] of Object.entries(this.#rules.parts ?? {})) {
      if (this.#counts.has(name)) continue
      if (isFileRule(declared)) {
        if (!declared.optional) issues.push({ in: 'body', path: [name], detail: 'A file is missing.' })
        continue
      }
      const result = await checkSent(declared as Schema, undefined)
      if (result.issues !== undefined)
        issues.push(...placeIssues('body', result.issues).map((issue) => at(name, issue)))
    }
    if (issues.length > 0) throw validationFailed(issues)
  }

  /** The next bytes of the part that is under way, undefined at its end. */
  async #data(): Promise<Uint8Array | undefined> {
    const event = await this.#pull()
    return event.kind === 'data' ? event.bytes : undefined
  }

  async #pull(): Promise<MultipartEvent> {
    for (;;) {
      const event = wellFormed(() => this.#parser.next())
      if (event !== undefined) return event
      const chunk = await this.#chunks.next()
      if (chunk.done === true) {
        wellFormed(() => this.#parser.end())
        return { kind: 'end' }
      }
      this.#parser.push(chunk.value)
    }
  }

  /** What stands behind the end is nobody's, but it has to leave the connection. */
  async #drain(): Promise<undefined> {
    while ((await this.#chunks.next()).done !== true);
  }
}

const CLOSE = { connection: 'close' }
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws {HttpError} 400 for a field that is not in UTF-8. */
function decodeField(name: string, headers: Readonly<Record<string, string>>, bytes: Uint8Array): string {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase()
  try {
    if (charset !== undefined && !/^(utf-?8|us-ascii)$/.test(charset)) throw new TypeError(charset)
    return UTF8.decode(bytes)
  } catch {
    throw new HttpError('MALFORMED_BODY', { detail: `The field "${name}" is not in UTF-8.`, headers: CLOSE })
  }
}

/** @throws {HttpError} 422 for a file of a kind that is not taken. */
function assertKind({ name, type, filename = '' }: FormPart, { types, extensions }: FileRule): void {
  const fits = (accepted: string) =>
    accepted === type || (accepted.endsWith('/*') && type.startsWith(accepted.slice(0, -1)))
  if (types !== undefined && !types.some(fits))
    throw refused(name, `Send ${types.join(' or ')}, not ${type}.`)
  const lower = filename.toLowerCase()
  if (extensions !== undefined && !extensions.some((each) => lower.endsWith(each)))
    throw refused(name, `Its name must end with ${extensions.join(' or ')}.`)
}

function refused(name: string, detail: string): HttpError {
  return validationFailed([{ in: 'body', path: [name], detail }], CLOSE)
}

const at = (name: string, issue: InputIssue): InputIssue => ({ ...issue, path: [name, ...issue.path] })

/** @throws {HttpError} 400 for what the parser refuses. */
export function wellFormed<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof MultipartSyntaxError)) throw error
    throw new HttpError('MALFORMED_BODY', { detail: error.message, headers: CLOSE })
  }
}
