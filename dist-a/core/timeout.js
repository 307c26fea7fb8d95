import { HttpError } from './error.js';
import { StreamCancelled } from './cancellation.js';
/** The defaults of every phase. */
export const DEFAULT_TIMEOUTS = {
    headers: 60_000,
    body: 300_000,
    first: 60_000,
    idle: 0,
    stall: 30_000,
    total: 0,
};
const CODES = {
    body: 'BODY_TIMEOUT',
    first: 'FIRST_ITEM_TIMEOUT',
    idle: 'IDLE_TIMEOUT',
    stall: 'STALL_TIMEOUT',
    total: 'TOTAL_TIMEOUT',
};
const TIMEOUT_CODES = new Set(Object.values(CODES));
/** The error of a phase that took too long. */
export function phaseTimeout(phase, ms) {
    return new HttpError(CODES[phase], { detail: `The limit is ${ms} ms.` });
}
/** What kind of end an error stands for. */
export function outcomeOf(error) {
    if (error instanceof HttpError && TIMEOUT_CODES.has(error.code))
        return 'timeout';
    return error instanceof StreamCancelled ? error.reason : 'error';
}
//# sourceMappingURL=timeout.js.map