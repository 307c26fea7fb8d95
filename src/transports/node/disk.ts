import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, link, open, rename, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { HttpError } from '../../core/error.ts'
import type { Disk, SaveOptions, Scratch, Sink } from '../../core/body/sink.ts'

/** How much is gathered while a write is under way, and how much may wait for it, in bytes. */
const WRITE_BEHIND = 512 * 1024
const READ = 64 * 1024

/** The disk of this machine. */
export const disk: Disk = {
  create: (path, options) => DiskSink.open(path, options),
  scratch: () => DiskScratch.open(),
  hash(name) {
    const hash = createHash(name.replace('sha-', 'sha'))
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') }
  },
}

/**
 * Appends to a file in large writes. While one is under way, what comes meanwhile is gathered; when that is
 * much, the writer has to wait. A write that failed is told by the next one, or by `flush`.
 */
export class Appender {
  readonly handle: FileHandle
  #position: number
  #gathered: Uint8Array[] = []
  #size = 0
  #writing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(handle: FileHandle, position = 0) {
    this.handle = handle
    this.#position = position
  }

  /** Up to where the file was written. */
  get position(): number {
    return this.#position
  }

  write(bytes: Uint8Array): void | Promise<void> {
    this.#assertWorks()
    if (bytes.byteLength === 0) return
    this.#gathered.push(bytes)
    this.#size += bytes.byteLength
    this.#writing ??= this.#drain()
    if (this.#size >= WRITE_BEHIND) return this.#writing.then(() => this.#assertWorks())
  }

  async #drain(): Promise<void> {
    try {
      while (this.#gathered.length > 0) await this.#writeAll(this.#gathered.splice(0))
    } catch (error) {
      this.#failure = { error: storageError(error) }
      this.#gathered = []
    } finally {
      this.#writing = undefined
    }
  }

  async #writeAll(chunks: Uint8Array[]): Promise<void> {
    const total = this.#size
    this.#size = 0
    const { bytesWritten } = await this.handle.writev(chunks, this.#position)
    this.#position += bytesWritten
    if (bytesWritten === total) return
    // A disk takes part of a write when it is nearly full; the rest then fails, or fits after all.
    let rest = Buffer.concat(chunks).subarray(bytesWritten)
    while (rest.byteLength > 0) {
      const written = (await this.handle.write(rest, 0, rest.byteLength, this.#position)).bytesWritten
      this.#position += written
      rest = rest.subarray(written)
    }
  }

  /** Waits until everything is written. */
  async flush(): Promise<void> {
    await this.#writing
    this.#assertWorks()
  }

  /** Closes the file, whatever became of it. */
  async close(): Promise<void> {
    this.#gathered = []
    await this.#writing
    await this.handle.close()
  }

  #assertWorks(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

/** A file that is written beside its place, under a name of its own, and moved there when it is complete. */
class DiskSink implements Sink {
  readonly #path: string
  readonly #temporary: string
  readonly #options: SaveOptions
  readonly #appender: Appender
  #ended = false

  private constructor(path: string, temporary: string, options: SaveOptions, handle: FileHandle) {
    this.#path = path
    this.#temporary = temporary
    this.#options = options
    this.#appender = new Appender(handle)
  }

  static async open(path: string, options: SaveOptions): Promise<Sink> {
    const temporary = temporaryName(path)
    return new DiskSink(path, temporary, options, await open(temporary, 'wx').catch(rethrow))
  }

  write(bytes: Uint8Array): void | Promise<void> {
    return this.#appender.write(bytes)
  }

  async close(): Promise<void> {
    const { fsync = false } = this.#options
    await this.#appender.flush()
    if (fsync) await this.#appender.handle.sync()
    await this.#appender.close()
    await this.#publish().catch(rethrow)
    this.#ended = true
    if (fsync) await syncDirectory(dirname(this.#path))
  }

  async #publish(): Promise<void> {
    if (this.#options.overwrite !== false) return rename(this.#temporary, this.#path)
    // A link fails where there is something already; a rename would replace it.
    await link(this.#temporary, this.#path)
    await unlink(this.#temporary)
  }

  async abort(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#appender.close().catch(() => {})
    await unlink(this.#temporary)
  }
}

/** A file that loses its name as soon as it has one: whatever happens to the process, nothing is left. */
class DiskScratch implements Scratch {
  readonly #appender: Appender
  readonly #path: string | undefined

  private constructor(handle: FileHandle, path: string | undefined) {
    this.#appender = new Appender(handle)
    this.#path = path
  }

  static async open(): Promise<Scratch> {
    const path = join(tmpdir(), `millrace-${randomName()}.part`)
    const handle = await open(path, 'wx+', 0o600).catch(rethrow)
    // Windows does not unlink what is open: there it goes when it is closed.
    const unlinked = await unlink(path).then(
      () => true,
      () => false,
    )
    return new DiskScratch(handle, unlinked ? undefined : path)
  }

  write(bytes: Uint8Array): void | Promise<void> {
    return this.#appender.write(bytes)
  }

  async *read(): AsyncGenerator<Uint8Array> {
    await this.#appender.flush()
    for (let position = 0; ;) {
      const target = Buffer.allocUnsafe(READ)
      const { bytesRead } = await this.#appender.handle.read(target, 0, READ, position)
      if (bytesRead === 0) return
      position += bytesRead
      yield target.subarray(0, bytesRead)
    }
  }

  async close(): Promise<void> {
    await this.#appender.close()
    if (this.#path !== undefined) await unlink(this.#path)
  }
}

const randomName = () => randomBytes(9).toString('base64url')

/** A name beside a path: only in the same directory a rename is one step. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 100)}.${randomName()}.part`)
}

/** A name in a directory has reached the disk when the directory has; not every system can be asked. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    await handle.sync().finally(() => handle.close())
  } catch {
    // Windows.
  }
}

/** Throws what a client may know of a failing disk. */
export const rethrow = (error: unknown): never => {
  throw storageError(error)
}

/** What a client may know of a failing disk. Anything else stays an internal error. */
function storageError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new HttpError('INSUFFICIENT_STORAGE', { detail: 'There is no room for this now.', cause: error })
  if (code === 'EEXIST')
    return new HttpError('CONFLICT', { detail: 'There is a file of this name.', cause: error })
  return error
}
