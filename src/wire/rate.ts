/** Rates as people write them. */

const UNITS = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  bit: 1 / 8,
  kbit: 1e3 / 8,
  Mbit: 1e6 / 8,
  Gbit: 1e9 / 8,
} as const

/** Bytes per second as a number, or with a unit: `'1 MiB/s'`, `'500 kB/s'`, `'10 Mbit/s'`. */
export type Rate = number | `${number} ${keyof typeof UNITS}/s`

/**
 * Bytes per second.
 *
 * @throws {RangeError} for what is no rate, or no positive one.
 */
export function parseRate(rate: Rate): number {
  const value = typeof rate === 'number' ? rate : fromText(rate)
  if (value > 0 && value < Infinity) return value
  throw new RangeError(
    `A rate is a number of bytes per second above 0, or a text like '1 MiB/s' or '10 Mbit/s', not ${JSON.stringify(rate)}.`,
  )
}

function fromText(text: unknown): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([a-zA-Z]+)\/s$/.exec(String(text)) ?? []
  if (amount === undefined || !Object.hasOwn(UNITS, unit!)) return Number.NaN
  return Number(amount) * UNITS[unit as keyof typeof UNITS]
}
