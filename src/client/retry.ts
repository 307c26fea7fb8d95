/** How often to try again, and how long to wait before it. */
export interface RetryPolicy {
  /** How often in a row, default 5. A stream that has got further starts the count anew. */
  readonly attempts?: number
  /** The first wait in milliseconds, default 1000. Each one after it is twice as long. */
  readonly baseMs?: number
  /** The longest wait in milliseconds, default 30 000. A server that asks for more gets it. */
  readonly maxMs?: number
}

/** What a timer takes at most. */
const LONGEST_MS = 2 ** 31 - 1

/**
 * How long to wait before an attempt, in milliseconds: up to half more than it is due, by chance, so that
 * clients that were cut off together do not come back together. Undefined when there were enough.
 *
 * @param failures how often it has failed in a row, from 1.
 * @param askedMs how long the server asked to wait (`retry`, `Retry-After`); it then counts as the base.
 */
export function retryDelay(
  { attempts = 5, baseMs = 1000, maxMs = 30_000 }: RetryPolicy,
  failures: number,
  askedMs: number | undefined,
): number | undefined {
  if (failures > attempts) return undefined
  const due = Math.max(askedMs ?? 0, Math.min(maxMs, (askedMs ?? baseMs) * 2 ** (failures - 1)))
  return Math.min(LONGEST_MS, due * (1 + Math.random() / 2))
}

/** What `Retry-After` asks for (RFC 9110 section 10.2.3), in milliseconds. */
export function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after')
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return ms > 0 ? ms : undefined
}

/** Statuses that may be another one in a moment. */
export function isTransient(status: number): boolean {
  return [408, 425, 429, 500, 502, 503, 504].includes(status)
}

/** @throws the signal's reason when it aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
    const abort = () => {
      settle()
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      settle()
      resolve()
    }, ms)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })
}
