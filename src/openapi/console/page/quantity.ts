/** Numbers as people read them. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

export const count = (value: number): string => grouped.format(value)

/** `1 row`, `2 rows`. */
export const plural = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`

export function bytes(value: number): string {
  if (value < 1024) return `${count(value)} B`
  const unit = value < 1024 ** 2 ? 'KiB' : value < 1024 ** 3 ? 'MiB' : 'GiB'
  const scaled = value / 1024 ** (unit === 'KiB' ? 1 : unit === 'MiB' ? 2 : 3)
  return `${scaled.toFixed(scaled < 100 ? 1 : 0)} ${unit}`
}

/** A duration; from a second on in seconds. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '–'
  if (ms < 1000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(2)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`
}

/** A moment within a run, with milliseconds, for columns. */
export function moment(ms: number): string {
  return (ms / 1000).toFixed(3)
}

export function perSecond(value: number): string {
  return value >= 100 || value === 0 ? count(value) : value.toFixed(1)
}
