import { UsageError } from './core/error.ts'
import {
  bytesReply,
  createReply,
  emptyReply,
  htmlReply,
  jsonReply,
  OCTETS,
  redirectReply,
  type Reply,
  type ReplyInit,
  textReply,
} from './core/reply/reply.ts'
import { mediaTypeOr } from './core/reply/reply-check.ts'
import { Source } from './core/reply/source.ts'
import { type FileOptions, FileReply } from './stream/file.ts'
import type { FileSource } from './stream/file-source.ts'

export interface StreamReplyInit extends ReplyInit {
  /** Default application/octet-stream. */
  readonly mediaType?: string
  /** Bytes, if they are known: sent as `content-length`, and a stream that differs is cut. */
  readonly length?: number
}

/**
 * Replies made by hand, for what a returned value cannot say: status, headers, media types, files,
 * redirects.
 */
export const reply = {
  /** A value as JSON. */
  json: jsonReply,
  /** Plain text, UTF-8. */
  text: textReply,
  /** An HTML document, UTF-8. Escape what you put into it. */
  html: htmlReply,
  /** Bytes as they are. */
  bytes: bytesReply,
  /** No body; status 204 unless another is given. */
  empty: emptyReply,
  /** Sends the client elsewhere; status 303 unless another is given. */
  redirect: redirectReply,
  stream: streamReply,
  file: fileReply,
} as const

/**
 * A stream of strings or bytes: any iterable or async iterable, a generator, a web ReadableStream or
 * a Node Readable. It is pulled at the client's pace, and stopped when the client leaves.
 *
 * @throws {UsageError} when the value cannot be streamed, and for a length that is not a number of bytes.
 */
function streamReply(
  chunks:
    | AsyncIterable<string | Uint8Array>
    | Iterable<string | Uint8Array>
    | ReadableStream<string | Uint8Array>,
  init: StreamReplyInit = {},
): Reply {
  const mediaType = mediaTypeOr(init, OCTETS)
  const { length } = init
  if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0))
    throw new UsageError('The length of reply.stream is a number of bytes. Leave it out if it is not known.')
  const source = Source.from(chunks)
  if (source === undefined)
    throw new UsageError('reply.stream takes an iterable, a web stream or a Node stream.')
  return createReply(mediaType, { kind: 'stream', source, length }, init)
}

/**
 * A file, sent from disk in large blocks at the client's pace, with its length, media type, date and
 * entity tag; a missing one is a 404. Conditions and ranges of a GET or HEAD are answered as RFC 9110
 * says: 304, 412, 206, 416. Whoever chooses the path decides what may be read: never build it from raw
 * input.
 *
 * @param source a path, or a FileSource (an object store, a buffer).
 * @throws {UsageError} for anything else.
 */
function fileReply(source: string | FileSource, options: FileOptions = {}): FileReply {
  if (typeof source !== 'string' && typeof (source as Partial<FileSource> | null)?.open !== 'function')
    throw new UsageError('reply.file takes a path or a FileSource. Of a file URL take fileURLToPath(url).')
  mediaTypeOr(options, OCTETS)
  return new FileReply(typeof source === 'string' ? lazyDiskFile(source) : source, options)
}

/** Loads node:fs only when a file is asked for, so that the package runs where there is none. */
function lazyDiskFile(path: string): FileSource {
  return {
    name: path.replace(/^.*[/\\]/, ''),
    open: async () => (await import('./transports/node/file.ts')).diskFile(path).open(),
    sibling: (extension) => lazyDiskFile(path + extension),
  }
}
