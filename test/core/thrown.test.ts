/** Deciding over what was thrown never throws. */
import { afterEach, expect, test, vi } from 'vitest'
import { HttpError, toHttpError } from '../../src/core/error.ts'
import { outcomeOf } from '../../src/core/lifetime/timeout.ts'
import { consoleLogger, steadyLogger } from '../../src/core/logger.ts'
import { describe as describeThrown, isInstance, propertyOf, toError } from '../../src/core/thrown.ts'

const refuse = () => {
  throw new Error('refused')
}
function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const getters = Object.defineProperties({}, { message: { get: refuse }, toString: { get: refuse } })
const ODD = [revoked(), getters, Object.create(null), refuse, Symbol('s'), 1n, undefined, null, 'text']

afterEach(() => vi.restoreAllMocks())

test('each odd value is an internal error that can be told', () => {
  for (const thrown of ODD) {
    expect(isInstance(thrown, Error)).toBe(false)
    expect(propertyOf(thrown, 'message')).toBeUndefined()
    expect(toError(thrown, 'wrapped').message).toBe('wrapped')
    expect(describeThrown(thrown)).toMatch(/./)
    expect(toHttpError(thrown).code).toBe('INTERNAL')
    expect(outcomeOf(thrown)).toBe('error')
  }
})

test('an HttpError that was not constructed is an internal error', () => {
  for (const fake of [Object.create(HttpError.prototype), new Proxy(new HttpError(404), { get: refuse })])
    expect(toHttpError(fake).toProblem().status).toBe(500)
  const error = new HttpError(404)
  expect(toHttpError(error)).toBe(error)
})

test('the default logger writes one line for each', () => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  for (const err of ODD) consoleLogger.error({ err }, 'failed')
  const lines = written.mock.calls.map(
    ([line]) => JSON.parse(String(line)) as { message: string; err?: unknown },
  )
  expect(lines.map(({ message }) => message)).toEqual(ODD.map(() => 'failed'))
  expect(lines[0]!.err).toBe('object that cannot be read')
})

test('a logger that throws or rejects loses its line, not what was to be told', async () => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  const broken = steadyLogger({ ...consoleLogger, error: refuse, warn: (async () => refuse()) as () => void })
  broken.error({ err: new TypeError('mine') }, 'failed')
  broken.warn({}, 'careful')
  await Promise.resolve()
  expect(written.mock.calls).toEqual([
    ['The logger failed at error: failed (TypeError: mine)'],
    ['The logger failed at warn: careful'],
  ])
})
