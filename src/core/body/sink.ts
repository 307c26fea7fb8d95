/**
 * Where the bytes of a request go. The core knows only the contract: disks are a matter of the transports.
 */
import { UsageError } from '../error.ts'

/**
 * Takes the bytes of an upload. It becomes visible as a whole when it is closed, and leaves nothing behind
 * when it is aborted. A writer of a web `WritableStream` is one.
 */
export interface Sink {
  /** Takes bytes, which are the sink's from then on. A promise holds the sender back. */
  write(bytes: Uint8Array): void | Promise<void>
  /** Everything was written. */
  close(): void | Promise<void>
  /** There will be no more, and what there is shall go. */
  abort(error: unknown): void | Promise<void>
}

/** A digest of what is saved, named as in RFC 9530 and by WebCrypto. */
export type DigestName = 'sha-256' | 'sha-384' | 'sha-512' | 'sha-1' | 'md5'

export interface SaveOptions {
  /** Computes a digest on the way; `saved.digest` has it in hex. */
  readonly digest?: DigestName
  /** Whether a file that is there already is replaced, in one step. Default true; false answers 409. */
  readonly overwrite?: boolean
  /** Whether the bytes, and then the name, must have reached the disk itself before this is done. Default false. */
  readonly fsync?: boolean
}

/** What was saved. */
export interface Saved {
  readonly bytes: number
  /** In lower-case hex, where one was asked for. */
  readonly digest: string | undefined
}

/** What the core needs of a runtime to keep bytes. */
export interface Disk {
  /**
   * A file that appears under `path` when it is closed, complete, and not before.
   *
   * @throws {HttpError} 409 when it may not replace what is there, 507 when the disk is full.
   */
  create(path: string, options: SaveOptions): Promise<Sink>
  /** A file without a name, gone when it is closed. */
  scratch(): Promise<Scratch>
  hash(name: DigestName): Hash
}

/** Bytes that were put aside. */
export interface Scratch {
  write(bytes: Uint8Array): void | Promise<void>
  /** Everything that was written, from its start. May be read more than once. */
  read(): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

export interface Hash {
  update(bytes: Uint8Array): void
  /** In hex. */
  digest(): string
}

/** Loads the disk when it is needed. */
export type OpenDisk = () => Promise<Disk>

/** Where something is saved: a path on disk, a sink, a web stream. */
export type SaveTarget = string | Sink | WritableStream<Uint8Array>

/** Writes all bytes to a target, which is complete afterwards, or as it was before. */
export async function save(
  chunks: AsyncIterable<Uint8Array>,
  target: SaveTarget,
  options: SaveOptions,
  disk: OpenDisk,
): Promise<Saved> {
  const hash = options.digest === undefined ? undefined : (await disk()).hash(options.digest)
  const sink = typeof target === 'string' ? await (await disk()).create(target, options) : toSink(target)
  let bytes = 0
  try {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength
      hash?.update(chunk)
      const taken = sink.write(chunk)
      if (taken !== undefined) await taken
    }
    await sink.close()
  } catch (error) {
    // What went wrong first is told; that a broken sink cannot be aborted either is not.
    await Promise.resolve()
      .then(() => sink.abort(error))
      .catch(() => {})
    throw error
  }
  return { bytes, digest: hash?.digest() }
}

function toSink(target: Sink | WritableStream<Uint8Array>): Sink {
  if ('getWriter' in target) {
    const writer = target.getWriter()
    // Every failure is told by write or close; this promise would report it a second time, to nobody.
    writer.closed.catch(() => {})
    return writer
  }
  if (typeof target?.write === 'function' && typeof target.close === 'function') return target
  throw new UsageError('saveTo takes a path, a sink (write, close, abort) or a WritableStream.')
}
