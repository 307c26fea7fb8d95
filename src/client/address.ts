/** Addresses and fields of values: a path is filled, a query is written. */

/**
 * Puts the parameters into a path.
 *
 * @throws {TypeError} for a parameter that is missing, or would make it another path.
 */
export function fillPath(path: string, params: Readonly<Record<string, unknown>> = {}): string {
  return path.replace(/\/(?::(\w+)|\*(\w*))/g, (_, name: string | undefined, rest: string | undefined) => {
    const key = name ?? (rest || '*')
    const value = params[key]
    if (value === undefined || value === null) throw new TypeError(`${path} needs the parameter "${key}".`)
    const segments = name === undefined ? toText(value).split('/') : [toText(value)]
    for (const segment of segments)
      if (/^\.{0,2}$/.test(segment)) throw new TypeError(`"${segment}" cannot be "${key}" in ${path}.`)
    return segments.map((segment) => `/${encodeURIComponent(segment)}`).join('')
  })
}

/** The query with its question mark; an array becomes one field for each element. */
export function encodeQuery(query: Readonly<Record<string, unknown>> = {}): string {
  const fields = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as unknown[]) : [value])
      .filter((each) => each !== undefined && each !== null)
      .map((each) => `${encodeURIComponent(name)}=${encodeURIComponent(toText(each))}`),
  )
  return fields.length === 0 ? '' : `?${fields.join('&')}`
}

/** The fields that have a value, as text. */
export function entries(fields: Readonly<Record<string, unknown>> = {}): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, toText(value)]],
  )
}

/** A value in an address or a header. */
function toText(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  if (typeof value !== 'object') return String(value)
  throw new TypeError('A parameter is a string, a number, a boolean or a Date. Send objects in the body.')
}
