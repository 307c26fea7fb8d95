/**
 * What is asked of a reply that is made by hand. JavaScript has no compiler to tell: what is wrong is said where
 * the reply is made, so that it is a logged 500 and not a connection that closes without an answer (issue 11).
 */
import { assertHeader } from '../../wire/header.ts'
import { UsageError } from '../error.ts'

/** What a value is, for messages. Never throws, and never quotes the value. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** The init of `reply.text('x', 404)`, which is a number: only compilers see that. */
export function assertInit(init: unknown): void {
  if (init === undefined || (typeof init === 'object' && init !== null)) return
  throw new UsageError(`A reply takes options as an object, not ${kindOf(init)}: { status: 404 }.`)
}

/** @throws {UsageError} for what is not a string. */
export function assertString(value: unknown, what: string, hint: string): void {
  if (typeof value !== 'string') throw new UsageError(`${what} takes a string, not ${kindOf(value)}. ${hint}`)
}

/** @throws {UsageError} for what are not bytes. */
export function assertBytes(value: unknown, what: string, hint: string): void {
  if (value instanceof Uint8Array) return
  throw new UsageError(`${what} takes a Uint8Array, not ${kindOf(value)}. ${hint}`)
}

/** @throws {UsageError} for what is not a record of headers. */
export function assertHeaders(given: unknown): void {
  // Headers, Maps and lists of pairs have no keys, or other ones: their fields would be lost.
  if (given === null || typeof given !== 'object' || Symbol.iterator in given)
    throw new UsageError(
      `The headers of a reply are an object, not ${kindOf(given)}. Write { 'x-name': 'value' }, or Object.fromEntries(headers).`,
    )
}

/**
 * @throws {UsageError} for a value that is not a string or a list of strings.
 * @throws {TypeError} for a header that could not be sent safely.
 */
export function assertHeaderField(name: string, value: string | readonly string[]): void {
  if (typeof value === 'string') return assertHeader(name, value)
  if (!Array.isArray(value)) throw badHeader(name, value)
  for (const each of value as readonly unknown[]) {
    if (typeof each !== 'string') throw badHeader(name, each)
    assertHeader(name, each)
  }
}

function badHeader(name: string, value: unknown): UsageError {
  return new UsageError(
    `Header "${name}" takes a string or a list of strings, not ${kindOf(value)}. Convert it, or leave it out.`,
  )
}

/**
 * @param isUpgrade whether the connection is going to speak another protocol, which only 101 says.
 * @throws {UsageError} for what is no final status (RFC 9110 section 15).
 */
export function assertStatus(status: number, isUpgrade = false): number {
  if (Number.isInteger(status) && (isUpgrade ? status === 101 : status >= 200 && status <= 599)) return status
  const given = typeof status === 'number' ? status : kindOf(status)
  throw new UsageError(`A reply takes a status from 200 to 599, not ${given}.`)
}

/** @throws {UsageError} for a status that does not send anybody elsewhere. */
export function assertRedirect(status: unknown): void {
  if (REDIRECTS.has(status)) return
  throw new UsageError('reply.redirect takes the status 301, 302, 303, 307 or 308 as its second argument.')
}

const REDIRECTS: ReadonlySet<unknown> = new Set([301, 302, 303, 307, 308])

/** The media type that the options give, or another one. */
export function mediaTypeOr(init: { readonly mediaType?: string } | undefined, otherwise: string): string {
  assertInit(init)
  const type = init?.mediaType ?? otherwise
  assertString(type, 'The mediaType of a reply', "Write 'image/png'.")
  return type
}
