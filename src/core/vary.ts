/** Says on what fields of the request a reply depends, for the caches on its way (RFC 9110 section 12.5.5). */
import type { ReplyHeaders } from './reply.ts'

/** Adds a field to `Vary`, unless it is there, or `*` is. */
export function varyBy(headers: ReplyHeaders, field: string): void {
  const present = [headers['vary'] ?? []].flat().join(', ')
  const names = present.toLowerCase().split(/\s*,\s*/)
  if (names.includes(field.toLowerCase()) || names.includes('*')) return
  headers['vary'] = present === '' ? field : `${present}, ${field}`
}
