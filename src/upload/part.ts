import { collect } from '../core/body/body.ts'
import type { BodyRoom } from '../core/body/body-room.ts'
import type { FileRule } from '../core/body/body-reader.ts'
import { HttpError } from '../core/error.ts'
import { type OpenDisk, save, type Saved, type SaveOptions, type SaveTarget } from '../core/body/sink.ts'
import { harmless } from '../core/lifetime/thenable.ts'
import { safeFilename } from '../wire/filename.ts'
import type { FormPart } from '../wire/form-part.ts'

/** A field of a form, validated. */
export interface FieldPart<Name extends string = string, Value = string> {
  readonly kind: 'field'
  readonly name: Name
  readonly value: Value
}

/** Where the bytes of a part come from. */
export interface PartSource {
  /** What is kept of the whole form in memory. */
  readonly room: BodyRoom
  /** The next bytes, undefined at its end. */
  pull(): Promise<Uint8Array | undefined>
  /** Nobody reads it any more. */
  left(): unknown
}

/**
 * A file of a form as it arrives: an async iterable of its bytes, pulled at the reader's pace and readable
 * once. What is not read of it when the next part is asked for is skipped.
 */
export class FilePart<Name extends string = string> implements AsyncIterable<Uint8Array> {
  readonly kind = 'file'
  readonly name: Name
  /** Made safe to be joined to a directory: no separators, no dots in front, 200 bytes at the most. */
  readonly filename: string
  /** The name as it was sent: for people to read, never for a path. */
  readonly sentFilename: string
  /** The media type its sender gave, without parameters; nobody has looked whether it is true. */
  readonly type: string
  /** The part's headers by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly #maxBytes: number
  readonly #source: PartSource
  readonly #disk: OpenDisk
  #state: 'unread' | 'reading' | 'left' | 'ended' = 'unread'
  #received = 0

  constructor(part: FormPart, rule: FileRule, source: PartSource, disk: OpenDisk) {
    this.name = part.name as Name
    this.sentFilename = part.filename ?? ''
    this.filename = safeFilename(this.sentFilename)
    this.type = part.type
    this.headers = part.headers
    this.#maxBytes = rule.maxBytes
    this.#source = source
    this.#disk = disk
  }

  /** Bytes of it that have arrived. */
  get received(): number {
    return this.#received
  }

  /** Whether somebody is in the middle of reading it. */
  get isBeingRead(): boolean {
    return this.#state === 'reading'
  }

  /**
   * The bytes as they arrive.
   *
   * @throws {HttpError} 413 when it has more than its `maxBytes`.
   * @throws {TypeError} when it was read already, or skipped.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    this.#begin()
    yield* this.#read()
  }

  #begin(): void {
    if (this.#state !== 'unread')
      throw new TypeError(`The part "${this.name}" was read or skipped already. Keep what you need of it.`)
    this.#state = 'reading'
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let bytes = await this.#next(); bytes !== undefined; bytes = await this.#next()) yield bytes
      this.#state = 'ended'
    } finally {
      this.#leave()
    }
  }

  #leave(): void {
    if (this.#state === 'reading') this.#state = 'left'
    this.#source.left()
  }

  async #next(): Promise<Uint8Array | undefined> {
    const bytes = await this.#source.pull()
    if (bytes === undefined) return undefined
    this.#received += bytes.byteLength
    if (this.#received > this.#maxBytes) throw tooLarge(this.name, 'file', this.#maxBytes)
    return bytes
  }

  /** The whole file in memory. */
  bytes(): Promise<Uint8Array> {
    return harmless(collect(this, this.#source.room))
  }

  /** The whole file in memory, as UTF-8; what is none is replaced. */
  text(): Promise<string> {
    return harmless(this.bytes().then((bytes) => new TextDecoder().decode(bytes)))
  }

  /**
   * Writes it, as it arrives, to a path on disk, a sink or a web stream. A file appears when it is complete;
   * when the client leaves, or anything else goes wrong, nothing is left.
   *
   * @param target for a path: join `filename`, or better a name of your own, to a directory.
   * @throws {HttpError} 413 when it has more than its `maxBytes`, 409 and 507 from the disk.
   */
  saveTo(target: SaveTarget, options: SaveOptions = {}): Promise<Saved> {
    return harmless(this.#saveTo(target, options))
  }

  async #saveTo(target: SaveTarget, options: SaveOptions): Promise<Saved> {
    // At once: until the disk is ready nobody else may have it, or take it for unread.
    this.#begin()
    try {
      return await save(this.#read(), target, options, this.#disk)
    } finally {
      this.#leave()
    }
  }

  /**
   * Reads and forgets what is left, so that the next part can come. The form does so by itself.
   *
   * @throws {TypeError} when somebody is in the middle of reading it.
   */
  skip(): Promise<void> {
    return harmless(this.#skip())
  }

  async #skip(): Promise<void> {
    if (this.#state === 'reading') {
      throw new TypeError(
        `The part "${this.name}" is still being read. Await that before you ask for the next part.`,
      )
    }
    if (this.#state === 'ended') return
    this.#state = 'left'
    while ((await this.#next()) !== undefined);
    this.#state = 'ended'
  }
}

/** The 413 of one part. */
export function tooLarge(name: string, kind: 'field' | 'file', limit: number): HttpError {
  const detail = `The ${kind} "${name}" may have at most ${limit} bytes.`
  return new HttpError('BODY_TOO_LARGE', {
    detail,
    errors: [{ in: 'body', path: [name], detail }],
    headers: { connection: 'close' },
  })
}
