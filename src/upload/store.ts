import { collect } from '../core/body/body.ts'
import type { BodyRoom } from '../core/body/body-room.ts'
import {
  type OpenDisk,
  save,
  type Saved,
  type SaveOptions,
  type SaveTarget,
  type Sink,
} from '../core/body/sink.ts'
import { harmless } from '../core/lifetime/thenable.ts'
import { safeFilename } from '../wire/filename.ts'

/** What is known of an upload, beside its bytes. Plain data, to be kept as JSON. */
export interface UploadInfo {
  /** Not to be guessed: whoever knows it may go on with the upload. */
  readonly id: string
  /** Bytes in all, once they are known. */
  readonly length: number | undefined
  /** Whether its last byte has been sent. */
  readonly complete: boolean
  /** The media type its sender gave. */
  readonly type: string
  /** The name its sender gave, empty if none. For people to read, never for a path. */
  readonly sentFilename: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** What a store has of an upload. */
export interface StoredUpload {
  readonly info: UploadInfo
  /** How many bytes are kept. Never less than was ever told; every byte before it can be read. */
  readonly offset: number
}

/** Takes bytes at the end of an upload. What was written stays, whatever happens then. */
export interface UploadAppender extends Pick<Sink, 'write'> {
  /** Waits until everything that was written is kept, as durably as the store keeps anything. */
  close(): Promise<void>
}

/**
 * Where uploads are kept until they are complete, and a while longer: `diskStore` of `millrace/node`, or one
 * of your own. It is asked one thing at a time about one upload.
 */
export interface UploadStore {
  create(info: UploadInfo): Promise<void>
  find(id: string): Promise<StoredUpload | undefined>
  /** Replaces what is known of an upload, in one step. */
  update(info: UploadInfo): Promise<void>
  append(id: string, offset: number): Promise<UploadAppender>
  read(id: string): AsyncIterable<Uint8Array>
  /** Forgets an upload. That there is none is no error. */
  remove(id: string): Promise<void>
  /** The uploads that were created before a time, in milliseconds since 1970. */
  olderThan(time: number): AsyncIterable<string>
  /**
   * Makes a file of the bytes of an upload, for a store that can do that without copying them. It appears
   * whole, or not at all, and the bytes can be read as before until the upload is complete. The same again
   * is no error. Gives false when it cannot.
   *
   * @throws {HttpError} 409 for what it may not replace.
   */
  place?(id: string, path: string, options: Omit<SaveOptions, 'digest'>): Promise<boolean>
}

/** An upload that is complete. */
export class Upload implements AsyncIterable<Uint8Array> {
  readonly id: string
  /** Bytes. */
  readonly size: number
  /** The media type its sender gave, without parameters; nobody has looked whether it is true. */
  readonly type: string
  /** Made safe to be joined to a directory; `file` when its sender gave no name. */
  readonly filename: string
  /** The name as it was sent: for people to read, never for a path. */
  readonly sentFilename: string
  readonly #store: UploadStore
  readonly #disk: OpenDisk
  readonly #room: BodyRoom

  constructor({ info, offset }: StoredUpload, store: UploadStore, disk: OpenDisk, room: BodyRoom) {
    this.id = info.id
    this.size = offset
    this.type = info.type
    this.sentFilename = info.sentFilename
    this.filename = safeFilename(info.sentFilename)
    this.#store = store
    this.#disk = disk
    this.#room = room
  }

  /** The bytes, from the start; as often as you like. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#store.read(this.id)[Symbol.asyncIterator]()
  }

  /** The whole of it in memory. */
  bytes(): Promise<Uint8Array> {
    return harmless(collect(this, this.#room))
  }

  /**
   * Writes it to a path on disk, a sink or a web stream. On the store's own disk nothing is copied, unless
   * a digest is asked for: the file is the one of the store, which lets go of it when the upload is complete.
   *
   * @throws {HttpError} 409 and 507 from the disk.
   */
  saveTo(target: SaveTarget, options: SaveOptions = {}): Promise<Saved> {
    return harmless(this.#saveTo(target, options))
  }

  async #saveTo(target: SaveTarget, options: SaveOptions): Promise<Saved> {
    const { digest, ...placing } = options
    if (typeof target === 'string' && digest === undefined)
      if ((await this.#store.place?.(this.id, target, placing)) === true) return { bytes: this.size, digest }
    return save(this, target, options, this.#disk)
  }
}
