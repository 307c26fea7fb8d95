/** What files are read from: a path on disk, an object of a store, a buffer. */
import type { Body, OpenFile } from '../core/reply/reply.ts'
import { Source } from '../core/reply/source.ts'
import type { DigestAlgorithm } from '../wire/digest.ts'

/**
 * A file that can be opened. Three methods make one: `open`, and of what it gives `read` and `close`.
 *
 * @example
 * const object: FileSource = {
 *   name: 'report.pdf',
 *   open: async () => ({ size, etag, read: (target, position) => ..., close: async () => {} }),
 * }
 */
export interface FileSource {
  /** For the media type, for example `report.pdf`. */
  readonly name: string
  /**
   * Opens it. What is known of the open file is what is sent, whatever happens to the name meanwhile.
   *
   * @returns undefined when there is no such file (or it is not one): a 404.
   */
  open(): Promise<OpenedFile | undefined>
  /**
   * The file beside this one whose name goes on with `extension` (`.br`), for contents that were
   * compressed beforehand. Leave it out where there are none.
   */
  sibling?(extension: string): FileSource
}

/** An open file, with what is known of it. */
export interface OpenedFile extends OpenFile {
  /** Bytes. */
  readonly size: number
  readonly modified?: Date | undefined
  /**
   * An entity tag with its quotes, which changes whenever a byte does; with a leading `W/` where that is
   * not sure. Without one, clients cannot tell whether a broken download may be resumed.
   */
  readonly etag?: string | undefined
  /** The digest of a part, for sources that can tell. It may take a reading of all of it. */
  digest?(algorithm: DigestAlgorithm, start: number, length: number): Promise<Uint8Array>
}

/** An opened file that may be closed more than once. */
export class OwnedFile implements OpenFile {
  readonly size: number
  readonly modified: Date | undefined
  readonly etag: string | undefined
  readonly #file: OpenedFile
  #closed: Promise<void> | undefined

  constructor(file: OpenedFile) {
    this.size = file.size
    this.modified = file.modified
    this.etag = file.etag
    this.#file = file
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#file.read(target, position)
  }

  get readMany(): OpenFile['readMany'] {
    const file = this.#file
    return file.readMany === undefined ? undefined : (targets, position) => file.readMany!(targets, position)
  }

  /** Undefined where the source cannot tell. */
  async digest(algorithm: DigestAlgorithm, start: number, length: number): Promise<Uint8Array | undefined> {
    return this.#file.digest?.(algorithm, start, length)
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#file.close())
  }
}

/** Bytes per read where a body is pulled piece by piece. */
const PULLED_READ = 64 * 1024

/** The part of an open file as a source, for transports without a writer of their own for files. */
export function fileSource(body: Extract<Body, { kind: 'file' }>): Source {
  return Source.from(readAndClose(body))!
}

async function* readAndClose({
  file,
  start,
  length,
}: Extract<Body, { kind: 'file' }>): AsyncGenerator<Uint8Array> {
  try {
    yield* readPart(file, start, length)
  } finally {
    await file.close()
  }
}

/**
 * Reads a part of an open file piece by piece.
 *
 * @throws {Error} when the file has become shorter.
 */
export async function* readPart(file: OpenFile, start: number, length: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < length;) {
    const target = new Uint8Array(Math.min(PULLED_READ, length - sent))
    const count = await file.read(target, start + sent)
    if (count === 0) throw new Error('The file became shorter while it was sent.')
    sent += count
    yield target.subarray(0, count)
  }
}
