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
  const search = new URLSearchParams()
  for (const [name, values] of Object.entries(query))
    for (const value of [values].flat())
      if (value !== undefined && value !== null) search.append(name, toText(value))
  const text = search.toString()
  return text === '' ? text : `?${text}`
}

/** The fields that have a value, as text. A header without one says nothing. */
export function entries(fields: Readonly<Record<string, unknown>> = {}): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || value === null || value === '' ? [] : [[name, toText(value)]],
  )
}

/** A value in an address, a header or a field of a form. */
export function toText(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  if (typeof value !== 'object') return String(value)
  throw new TypeError('A parameter is a string, a number, a boolean or a Date. Send objects in the body.')
}
