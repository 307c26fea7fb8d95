/** The fields of resumable uploads (draft-ietf-httpbis-resumable-upload), which are structured fields (RFC 9651). */

/** An Item that is a Boolean, undefined for anything else: then the field counts as absent. */
export function parseBoolean(field: string | undefined): boolean | undefined {
  const value = /^\s*\?([01])\s*(;|$)/.exec(field ?? '')?.[1]
  return value === undefined ? undefined : value === '1'
}

/** An Item that is a non-negative Integer, undefined for anything else: then the field counts as absent. */
export function parseInteger(field: string | undefined): number | undefined {
  const digits = /^\s*(\d{1,15})\s*(;|$)/.exec(field ?? '')?.[1]
  return digits === undefined ? undefined : Number(digits)
}

export const formatBoolean = (value: boolean): string => (value ? '?1' : '?0')

/** A Dictionary of Integers. */
export function formatLimits(limits: Readonly<Record<string, number>>): string {
  return Object.entries(limits)
    .map(([name, value]) => `${name}=${Math.floor(value)}`)
    .join(', ')
}
