/** Serves a document: made once, kept as bytes, revalidated by its hash. */
import { HttpError } from '../core/error.ts'
import { headerValue, type Incoming } from '../core/incoming.ts'
import { createReply, JSON_TYPE, Reply } from '../core/reply/reply.ts'
import { checkConditions } from '../wire/condition.ts'
import { type Dialect, DIALECTS } from './dialect.ts'

/** A document as it is sent. */
export interface DocumentFile {
  readonly bytes: Uint8Array
  /** Strong: two that are equal are the same bytes. */
  readonly etag: string
}

export async function toDocumentFile(document: object): Promise<DocumentFile> {
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const etag = `"${Array.from(hash.subarray(0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('')}"`
  return { bytes, etag }
}

/** @throws {HttpError} 400 for a dialect that there is not. */
export function askedDialect({ dialect = DIALECTS[0] }: { readonly dialect?: unknown }): Dialect {
  const known = DIALECTS.find((each) => each === dialect)
  if (known !== undefined) return known
  throw new HttpError('BAD_REQUEST', { detail: `There are the dialects ${DIALECTS.join(' and ')}.` })
}

/** 304 for who has it already. */
export function documentReply({ bytes, etag }: DocumentFile, { headers }: Pick<Incoming, 'headers'>): Reply {
  const own = { etag, 'cache-control': 'no-cache' }
  const verdict = checkConditions((name) => headerValue(headers, name), { etag, modified: undefined })
  if (verdict === 'failed') throw new HttpError('PRECONDITION_FAILED')
  if (verdict === 'not-modified') return new Reply(304, own, { kind: 'none' })
  return createReply(JSON_TYPE, { kind: 'bytes', bytes }, { headers: own })
}
