import { lookup } from 'mrmime'
import { HttpError } from '../core/error.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Body, createReply, OCTETS, type OpenFile, type Reply, type ReplyInit } from '../core/reply.ts'
import { Source } from '../core/source.ts'
import type { Responder } from '../core/to-reply.ts'

/** Something a file can be read from: a path on disk, an object of a store, a buffer. */
export interface FileSource {
  /** For the media type, for example `report.pdf`. */
  readonly name: string
  /**
   * Opens it. What is known of the open file is what is sent, whatever happens to the name meanwhile.
   *
   * @returns undefined when there is no such file (or it is not one): a 404.
   */
  open(): Promise<OpenedFile | undefined>
}

export interface OpenedFile extends OpenFile {
  /** Bytes. */
  readonly size: number
  readonly modified?: Date | undefined
}

export interface FileOptions extends ReplyInit {
  /** Default: by the name's extension, or application/octet-stream. */
  readonly mediaType?: string
  /** Offers the file for download under this name (RFC 6266). */
  readonly downloadAs?: string
}

/** The answer that `reply.file` stands for: opened only when the request is at hand. */
export class FileReply implements Responder {
  readonly #source: FileSource
  readonly #options: FileOptions

  constructor(source: FileSource, options: FileOptions) {
    this.#source = source
    this.#options = options
  }

  async respond(exchange: Exchange): Promise<Reply> {
    const opened = await this.#source.open()
    if (opened === undefined) throw new HttpError('NOT_FOUND', { detail: 'There is no such file.' })
    const file = new OwnedFile(opened)
    // Whatever becomes of the reply (middleware may drop it), the request closes the file.
    exchange.lifetime.ownFile(file)
    return this.#reply(file)
  }

  #reply(file: OwnedFile): Reply {
    const { mediaType, downloadAs } = this.#options
    const made = createReply(
      mediaType ?? mediaTypeOf(this.#source.name),
      { kind: 'file', file, start: 0, length: file.size },
      this.#options,
    )
    if (file.modified !== undefined) made.headers['last-modified'] ??= file.modified.toUTCString()
    if (downloadAs !== undefined) made.headers['content-disposition'] ??= attachment(downloadAs)
    return made
  }
}

/** An opened file that may be closed more than once. */
class OwnedFile implements OpenedFile {
  readonly size: number
  readonly modified: Date | undefined
  readonly #file: OpenedFile
  #closed: Promise<void> | undefined

  constructor(file: OpenedFile) {
    this.size = file.size
    this.modified = file.modified
    this.#file = file
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#file.read(target, position)
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#file.close())
  }
}

/** Bytes per read where a body is pulled piece by piece. */
const PULLED_READ = 64 * 1024

/** The part of an open file as a source, for transports without a writer of their own for files. */
export function fileSource(body: Extract<Body, { kind: 'file' }>): Source {
  return Source.from(readPart(body))!
}

async function* readPart({
  file,
  start,
  length,
}: Extract<Body, { kind: 'file' }>): AsyncGenerator<Uint8Array> {
  try {
    for (let sent = 0; sent < length;) {
      const target = new Uint8Array(Math.min(PULLED_READ, length - sent))
      const count = await file.read(target, start + sent)
      if (count === 0) throw new Error('The file became shorter while it was sent.')
      sent += count
      yield target.subarray(0, count)
    }
  } finally {
    await file.close()
  }
}

function mediaTypeOf(name: string): string {
  const type = lookup(name) ?? OCTETS
  return type.startsWith('text/') || type === 'application/javascript' ? `${type}; charset=utf-8` : type
}

/** RFC 6266 with the name of RFC 8187 beside an ASCII fallback. */
function attachment(name: string): string {
  const fallback = name.replace(/[^\u0020-\u007e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${fallback}"; filename*=UTF-8''${encoded}`
}
