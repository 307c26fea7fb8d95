import { readFileSync } from 'node:fs'

/** Milliseconds that the main thread of a process has waited for a processor (schedstat of Linux; elsewhere 0). */
export function queued(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}
