/** One value, or several where a key is repeated. The object has no prototype. */
export type QueryRecord = Record<string, string | string[]>

/**
 * An object without a prototype that V8 keeps in fast mode (unlike `Object.create(null)`).
 * Keys such as `__proto__` and `constructor` are plain own properties on it.
 */
export const BareRecord: { new (): Record<string, never> } = /* @__PURE__ */ (() => {
  const Bare = function () {} as unknown as { new (): Record<string, never>; prototype: object }
  Bare.prototype = Object.freeze(Object.create(null) as object)
  return Bare
})()

/** Thrown for input that is not application/x-www-form-urlencoded, or holds too many fields. */
export class QuerySyntaxError extends Error {
  override name = 'QuerySyntaxError'
}

/**
 * Parses a query string or an urlencoded form (WHATWG URL section 5.1), strictly: bad
 * percent-encoding is an error, not a guess.
 *
 * @param text without a leading question mark.
 * @param maxFields the most fields accepted, default 1000.
 * @throws {QuerySyntaxError} for bad percent-encoding or more than `maxFields` fields.
 */
export function parseQuery(text: string, maxFields = 1000): QueryRecord {
  const record = new BareRecord() as QueryRecord
  let fields = 0
  let start = 0
  while (start < text.length) {
    let end = text.indexOf('&', start)
    if (end === -1) end = text.length
    if (end > start) {
      if (++fields > maxFields) throw new QuerySyntaxError(`More than ${maxFields} fields.`)
      addField(record, text, start, end)
    }
    start = end + 1
  }
  return record
}

function addField(record: QueryRecord, text: string, start: number, end: number): void {
  // Cut the field out first: a search for a missing sign must stop at the end of this field.
  const field = text.slice(start, end)
  const equals = field.indexOf('=')
  const key = decodeField(equals === -1 ? field : field.slice(0, equals))
  const value = equals === -1 ? '' : decodeField(field.slice(equals + 1))
  const present = record[key]
  if (present === undefined) record[key] = value
  else if (typeof present === 'string') record[key] = [present, value]
  else present.push(value)
}

function decodeField(field: string): string {
  const spaced = field.includes('+') ? field.replaceAll('+', ' ') : field
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    throw new QuerySyntaxError('Bad percent-encoding.')
  }
}
