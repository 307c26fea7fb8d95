import { Gathering } from '../../wire/gathering.ts'
import { mediaTypeCharset, mediaTypeEssence } from '../../wire/header.ts'
import { assertDepth, JsonTooDeep } from '../../wire/json.ts'
import { parseInTurns } from '../../wire/json-turn.ts'
import { systemClock } from '../lifetime/clock.ts'
import { parseQuery, type QueryRecord, QuerySyntaxError } from '../../wire/query.ts'
import type { BodyIntake } from './body-intake.ts'
import type { BodyRoom } from './body-room.ts'
import { HttpError } from '../error.ts'
import { type OpenDisk, save, type Saved, type SaveOptions, type SaveTarget } from './sink.ts'
import { harmless } from '../lifetime/thenable.ts'

/** How far a body has come. */
export interface Progress {
  /** Bytes that have arrived. */
  readonly received: number
  /** Bytes that were announced, undefined when the body is sent in pieces of unknown number. */
  readonly length: number | undefined
}

/**
 * The request body: an async iterable of bytes, pulled at the reader's pace and readable once, with
 * methods that collect it. Whatever way it is read, it never grows past the route's `bodyLimit`.
 */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #intake: BodyIntake
  readonly #contentType: string | undefined
  readonly #disk: OpenDisk
  #collected: Promise<Uint8Array> | undefined

  constructor(intake: BodyIntake, contentType: string | undefined, disk: OpenDisk) {
    this.#intake = intake
    this.#contentType = contentType
    this.#disk = disk
  }

  /** Bytes accepted at the most. */
  get limit(): number {
    return this.#intake.limit
  }

  /** Bytes that have arrived. */
  get received(): number {
    return this.#intake.received
  }

  /** The `content-length`, undefined when the body is sent in pieces of unknown number, or coded. */
  get length(): number | undefined {
    return this.#intake.length
  }

  /** The media type without parameters, or undefined. */
  get mediaType(): string | undefined {
    return this.#contentType === undefined ? undefined : mediaTypeEssence(this.#contentType)
  }

  /**
   * Calls `listener` with every piece of the body that arrives: for whoever shows how far an upload is.
   * One listener; the last one counts.
   */
  onProgress(listener: (progress: Progress) => void): void {
    this.#intake.onArrival = () => listener(this)
  }

  /**
   * The bytes as they arrive.
   *
   * @throws {HttpError} 413 as soon as the body is known to be too large.
   * @throws {TypeError} when it was read already.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#intake[Symbol.asyncIterator]()
  }

  /** The whole body. May be called again. */
  bytes(): Promise<Uint8Array> {
    return (this.#collected ??= harmless(collect(this, this.#intake.room)))
  }

  /**
   * The whole body as text.
   *
   * @throws {HttpError} 400 for invalid UTF-8, 415 for a charset other than UTF-8.
   */
  text(): Promise<string> {
    return harmless(this.#text())
  }

  async #text(): Promise<string> {
    const charset = mediaTypeCharset(this.#contentType ?? '')
    if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
      throw new HttpError('UNSUPPORTED_MEDIA_TYPE', { detail: 'Send text as UTF-8.' })
    }
    const bytes = await this.bytes()
    try {
      return UTF8.decode(bytes)
    } catch {
      throw malformed('The body is not valid UTF-8.')
    }
  }

  /**
   * The whole body as JSON. A key named `__proto__` becomes a plain own property.
   *
   * @throws {HttpError} 400 when it is not JSON, or nested deeper than 128 levels.
   */
  json(): Promise<unknown> {
    return harmless(this.text().then(readJson))
  }

  /**
   * The whole body as the fields of a form (application/x-www-form-urlencoded).
   *
   * @throws {HttpError} 400 when it is malformed or has more than 1000 fields.
   */
  form(): Promise<QueryRecord> {
    return harmless(this.text().then(parseForm))
  }

  /**
   * Writes the body, as it arrives, to a path on disk, a sink or a web stream. A file appears when it is
   * complete; when the client leaves, or anything else goes wrong, nothing is left.
   *
   * @param target for a path: whoever chooses it decides what may be written. Never use a sent name as it is.
   * @throws {HttpError} 413 for a body that is too large, 409 and 507 from the disk.
   */
  saveTo(target: SaveTarget, options: SaveOptions = {}): Promise<Saved> {
    return harmless(save(this, target, options, this.#disk))
  }
}

/** All bytes in one piece, as there is room for them. */
export async function collect(chunks: AsyncIterable<Uint8Array>, room: BodyRoom): Promise<Uint8Array> {
  const gathering = new Gathering()
  room.keep(0)
  for await (const bytes of chunks) {
    gathering.add(bytes)
    room.keep(bytes.byteLength)
    // The chunks of a body wait by themselves, those of a store do not.
    const held = room.wait()
    if (held !== undefined) await held
  }
  return gathering.join()
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

const nextTurn = () => new Promise<void>((resolve) => systemClock.after(0, resolve))

async function readJson(text: string): Promise<unknown> {
  try {
    assertDepth(text)
    return await parseInTurns(text, nextTurn)
  } catch (error) {
    if (error instanceof JsonTooDeep) throw malformed(error.message)
    throw malformed(text === '' ? 'The body is empty; send JSON.' : 'The body is not valid JSON.')
  }
}

function parseForm(text: string): QueryRecord {
  try {
    return parseQuery(text)
  } catch (error) {
    if (error instanceof QuerySyntaxError) throw malformed(`The form is malformed: ${error.message}`)
    throw error
  }
}

function malformed(detail: string): HttpError {
  return new HttpError('MALFORMED_BODY', { detail })
}
