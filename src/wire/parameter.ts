import { BareRecord } from './query.ts'

/** A header value with parameters: `form-data; name="a"`. Names and the value itself are in lower case. */
export interface Parameterized {
  readonly value: string
  readonly parameters: Readonly<Record<string, string>>
}

const PARAMETER = /[ \t]*;[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^";\s]+)))?[ \t]*/y

/**
 * Reads a value with its parameters (RFC 9110 section 5.6.6). In a quoted one `\"` and `\\` stand for a
 * quote and a backslash; any other backslash stays, since old browsers send `C:\file`.
 *
 * @returns undefined for what is malformed, or has a parameter twice.
 */
export function parseParameters(text: string): Parameterized | undefined {
  const end = text.indexOf(';')
  const value = (end === -1 ? text : text.slice(0, end)).trim().toLowerCase()
  const parameters = new BareRecord() as Record<string, string>
  PARAMETER.lastIndex = end === -1 ? text.length : end
  while (PARAMETER.lastIndex < text.length) {
    const match = PARAMETER.exec(text)
    if (match === null) return undefined
    if (match[1] === undefined) continue
    const name = match[1].toLowerCase()
    if (parameters[name] !== undefined) return undefined
    parameters[name] = match[3] ?? match[2]!.replace(/\\(["\\])/g, '$1')
  }
  return { value, parameters }
}
