/**
 * `reply.file`: which representation of a file a request gets, and how much of it (RFC 9110). What
 * conditions and ranges mean is decided in wire/condition.ts and wire/range.ts; this is where they meet
 * an open file.
 */
import { lookup } from 'mrmime'
import { codingFor, isNegotiable } from '../core/reply/compression.ts'
import { HttpError } from '../core/error.ts'
import type { Exchange } from '../core/exchange.ts'
import { headerValue } from '../core/incoming.ts'
import { createReply, OCTETS, type Reply, type ReplyInit } from '../core/reply/reply.ts'
import type { Responder } from '../core/reply/to-reply.ts'
import { varyBy } from '../core/reply/vary.ts'
import { type CacheOptions, formatCacheControl } from '../wire/cache-control.ts'
import {
  checkConditions,
  checkIfRange,
  type Field,
  toEntityTag,
  type Validators,
  withTagSuffix,
} from '../wire/condition.ts'
import { formatDigest, wantedDigest } from '../wire/digest.ts'
import { contentDisposition } from '../wire/disposition.ts'
import { formatHttpDate, parseHttpDate } from '../wire/http-date.ts'
import { acceptedCodings } from '../wire/negotiation.ts'
import { type ByteRange, contentRange, parseRange } from '../wire/range.ts'
import { byteranges } from './byteranges.ts'
import { type FileSource, type OpenedFile, OwnedFile } from './file-source.ts'

export interface FileOptions extends ReplyInit {
  /** Default: by the name's extension, or application/octet-stream. */
  readonly mediaType?: string
  /** Offers the file for download under this name (RFC 6266). */
  readonly downloadAs?: string
  /** Shows the file where it can be shown, and keeps it under this name when it is saved. */
  readonly inlineAs?: string
  /** Who may keep it and how long, as options or as a whole `Cache-Control`. Default: nothing is said. */
  readonly cache?: CacheOptions | string
  /** The entity tag, if you know a better one than size and date of the file; false for none. */
  readonly etag?: string | false
  /** Whether parts may be asked for, default true. */
  readonly ranges?: boolean
  /**
   * Whether a file beside it that was compressed beforehand (`.br`, `.zst`, `.gz`) is sent to a client that
   * accepts it, default false. Each has an entity tag of its own.
   */
  readonly precompressed?: boolean
  /**
   * Digests (RFC 9530): `wanted` tells them to a client that asks (`Want-Repr-Digest`, `Want-Content-Digest`),
   * `always` sends the SHA-256 of the whole with every reply. A file on disk is read once more for each, and
   * what the whole adds up to is remembered. Default: none.
   */
  readonly digest?: 'wanted' | 'always'
}

/** Content codings and the extensions of files that have them, in our order of preference. */
const CODINGS: ReadonlyMap<string, string> = new Map([
  ['br', '.br'],
  ['zstd', '.zst'],
  ['gzip', '.gz'],
  ['identity', ''],
])

/** The answer that `reply.file` stands for: opened only when the request is at hand. */
export class FileReply implements Responder {
  readonly #source: FileSource
  readonly #options: FileOptions

  constructor(source: FileSource, options: FileOptions) {
    this.#source = source
    this.#options = options
  }

  async respond(exchange: Exchange): Promise<Reply> {
    const field: Field = (name) => headerValue(exchange.request.headers, name)
    const { opened, coding } = await this.#open(field)
    if (opened === undefined) throw new HttpError('NOT_FOUND', { detail: 'There is no such file.' })
    const file = new OwnedFile(opened)
    // Whatever becomes of the reply (middleware may drop it), the request closes the file.
    exchange.lifetime.ownFile(file)
    const reply = this.#whole(file, coding)
    const { method } = exchange
    const isCoded = this.#negotiate(exchange, reply)
    if (reply.status === 200 && (method === 'GET' || method === 'HEAD')) {
      const mayBePart = method === 'GET' && this.#options.ranges !== false
      narrow(reply, file, field, { mayBePart, sharesDate: isCoded || this.#hasSiblings })
    }
    await this.#addDigests(reply, file, field)
    return reply
  }

  /** Whether all of it would be compressed on its way; says in any case that this depends on the request. */
  #negotiate({ request, compress }: Exchange, reply: Reply): boolean {
    if (this.#options.precompressed === true) varyBy(reply.headers, 'Accept-Encoding')
    if (compress === undefined || this.#options.digest === 'always') return false
    if (!isNegotiable(request, reply, compress)) return false
    varyBy(reply.headers, 'Accept-Encoding')
    return (codingFor(request, reply, compress) ?? 'identity') !== 'identity'
  }

  /** What all of it, and what is sent of it, adds up to (RFC 9530). */
  async #addDigests(reply: Reply, file: OwnedFile, field: Field): Promise<void> {
    const { digest } = this.#options
    if (digest === undefined || reply.body.kind === 'none') return
    const whole = wantedDigest(field('want-repr-digest')) ?? (digest === 'always' ? 'sha-256' : undefined)
    // Several parts with their heads between them are no part of the file.
    const part = reply.body.kind === 'file' ? wantedDigest(field('want-content-digest')) : undefined
    const { start, length } = reply.body.kind === 'file' ? reply.body : { start: 0, length: 0 }
    for (const [name, algorithm, from, count] of [
      ['repr-digest', whole, 0, file.size],
      ['content-digest', part, start, length],
    ] as const) {
      const bytes = algorithm === undefined ? undefined : await file.digest(algorithm, from, count)
      if (bytes !== undefined) reply.headers[name] = formatDigest(algorithm!, bytes)
    }
  }

  /** Whether there may be files beside it; not looked for, since one may have been there before. */
  get #hasSiblings(): boolean {
    return this.#options.precompressed === true && this.#source.sibling !== undefined
  }

  /** The file, or one beside it that has a coding which the client likes better. */
  async #open(field: Field): Promise<{ opened: OpenedFile | undefined; coding?: string }> {
    if (this.#hasSiblings) {
      for (const coding of acceptedCodings(field('accept-encoding'), [...CODINGS.keys()])) {
        if (coding === 'identity') break
        const opened = await this.#source.sibling!(CODINGS.get(coding)!).open()
        if (opened !== undefined) return { opened, coding }
      }
    }
    return { opened: await this.#source.open() }
  }

  /** All of the file, with everything that is said of it. */
  #whole(file: OwnedFile, coding: string | undefined): Reply {
    const { mediaType, downloadAs, inlineAs, cache, etag, ranges } = this.#options
    const made = createReply(
      mediaType ?? mediaTypeOf(this.#source.name),
      { kind: 'file', file, start: 0, length: file.size },
      this.#options,
    )
    const { headers } = made
    const tag = etag === undefined ? file.etag : etag === false ? undefined : toEntityTag(etag)
    if (tag !== undefined) headers['etag'] ??= coding === undefined ? tag : withTagSuffix(tag, coding)
    if (coding !== undefined) headers['content-encoding'] = coding
    // A date that is yet to come would be none that a client can go by (RFC 9110 section 8.8.2.1).
    if (file.modified !== undefined)
      headers['last-modified'] ??= formatHttpDate(Math.min(file.modified.getTime(), Date.now()))
    if (downloadAs !== undefined)
      headers['content-disposition'] ??= contentDisposition('attachment', downloadAs)
    if (inlineAs !== undefined) headers['content-disposition'] ??= contentDisposition('inline', inlineAs)
    if (cache !== undefined)
      headers['cache-control'] ??= typeof cache === 'string' ? cache : formatCacheControl(cache)
    if (ranges !== false && made.status === 200) headers['accept-ranges'] ??= 'bytes'
    return made
  }
}

interface Narrowing {
  readonly mayBePart: boolean
  /**
   * Whether another form may have the same date: one that was compressed beforehand, or all of it, compressed
   * on its way. Parts are those of the file as it is.
   */
  readonly sharesDate: boolean
}

/** What the request's conditions and its range leave of the whole. */
function narrow(reply: Reply, file: OwnedFile, field: Field, { mayBePart, sharesDate }: Narrowing): void {
  const validators = validatorsOf(reply)
  const verdict = checkConditions(field, validators)
  if (verdict === 'failed')
    throw new HttpError('PRECONDITION_FAILED', {
      detail: 'The file is not the one the request is about.',
      headers: varyOf(reply),
    })
  if (verdict === 'not-modified') {
    markNotModified(reply)
    return
  }
  const range = mayBePart ? field('range') : undefined
  // Who has the beginning of one form must not get the rest of another.
  const known = sharesDate ? { ...validators, modified: undefined } : validators
  if (range === undefined || !checkIfRange(field('if-range'), known, Date.now())) return
  const ranges = parseRange(range, file.size)
  if (ranges === undefined) return
  // A Content-Encoding would be that of the multipart, which has none: clients would fail to decode it.
  if (ranges.length > 1 && reply.headers['content-encoding'] !== undefined) return
  keepParts(reply, file, ranges)
}

/** An error that depends on the codings, too: it is that of the representation that they have chosen. */
function varyOf({ headers }: Reply): Record<string, string | readonly string[]> {
  return headers['vary'] === undefined ? {} : { vary: headers['vary'] }
}

/** By what the reply says, whoever set it. */
function validatorsOf({ headers }: Reply): Validators {
  const { etag, 'last-modified': modified } = headers
  return {
    etag: typeof etag === 'string' ? etag : undefined,
    modified: typeof modified === 'string' ? parseHttpDate(modified) : undefined,
  }
}

/** Fields about a body that is not sent (RFC 9110 section 15.4.5). */
const OF_THE_BODY = ['content-type', 'content-length', 'content-encoding', 'content-disposition']

function markNotModified(reply: Reply): void {
  reply.status = 304
  reply.body = { kind: 'none' }
  for (const name of OF_THE_BODY) delete reply.headers[name]
}

function keepParts(reply: Reply, file: OwnedFile, ranges: readonly ByteRange[]): void {
  const { size } = file
  const first = ranges[0]
  if (first === undefined)
    throw new HttpError('RANGE_NOT_SATISFIABLE', {
      detail: `The file has ${size} bytes, and none of the ranges lies inside.`,
      headers: {
        'content-range': contentRange(undefined, size),
        'accept-ranges': 'bytes',
        ...varyOf(reply),
      },
    })
  reply.status = 206
  const { headers } = reply
  if (ranges.length === 1) {
    headers['content-range'] = contentRange(first, size)
    reply.body = { kind: 'file', file, ...first }
    return
  }
  const type = headers['content-type']
  const { body, mediaType } = byteranges(file, ranges, size, typeof type === 'string' ? type : undefined)
  headers['content-type'] = mediaType
  reply.body = body
}

function mediaTypeOf(name: string): string {
  const type = lookup(name) ?? OCTETS
  return type.startsWith('text/') || type === 'application/javascript' ? `${type}; charset=utf-8` : type
}
