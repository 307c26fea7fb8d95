/** Says on what fields of the request a reply depends, for the caches on its way (RFC 9110 section 12.5.5). */
import type { ReplyHeaders } from './reply.ts'

/** Adds fields, or lists of them, to `Vary`, unless they are there, or `*` is. */
export function varyBy(headers: ReplyHeaders, ...fields: readonly string[]): void {
  for (const field of fields.flatMap(namesIn)) {
    const present = [headers['vary'] ?? []].flat().join(', ')
    const names = namesIn(present.toLowerCase())
    if (names.includes(field.toLowerCase()) || names.includes('*')) continue
    headers['vary'] = present === '' ? field : `${present}, ${field}`
  }
}

function namesIn(list: string): string[] {
  return list.split(',').map((name) => name.trim())
}
