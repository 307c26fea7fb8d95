/** Dates in header fields (RFC 9110 section 5.6.7), to the second. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const MONTH = `(?<month>${MONTHS.join('|')})`
const TIME = '(?<hour>[0-2]\\d):(?<minute>[0-5]\\d):(?<second>[0-6]\\d)'

/** The form that is written, and the two that old senders still write. */
const FORMS = [
  new RegExp(`^${DAY}, (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(
    `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${TIME} GMT$`,
  ),
  new RegExp(`^${DAY} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
]

/**
 * Reads a date in any of its three forms.
 *
 * @returns milliseconds since 1970, or undefined for what is not a date of HTTP.
 */
export function parseHttpDate(value: string): number | undefined {
  for (const form of FORMS) {
    const fields = form.exec(value)?.groups
    if (fields !== undefined) return toTime(fields)
  }
  return undefined
}

function toTime(fields: Record<string, string>): number | undefined {
  const { year, month, day, hour, minute, second } = fields as Record<'year' | 'month' | 'day', string> &
    Record<'hour' | 'minute' | 'second', string>
  if (Number(hour) > 23 || Number(second) > 60) return undefined
  const date = new Date(0)
  date.setUTCFullYear(fullYear(year), MONTHS.indexOf(month), Number(day))
  // 31 February is no day at all.
  if (date.getUTCDate() !== Number(day)) return undefined
  return date.setUTCHours(Number(hour), Number(minute), Number(second))
}

/** Two digits that would be more than 50 years ahead are of the past. */
function fullYear(digits: string): number {
  if (digits.length === 4) return Number(digits)
  const now = new Date().getUTCFullYear()
  const year = now - (now % 100) + Number(digits)
  return year > now + 50 ? year - 100 : year
}

/** Writes a date in the one form that is written. */
export function formatHttpDate(time: number): string {
  return new Date(time).toUTCString()
}
