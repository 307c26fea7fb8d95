import { HttpError } from './error.ts';
import type { Outcome } from './reply.ts';
/** How long each phase of a request may take, in milliseconds; 0 turns a limit off. */
export interface Timeouts {
    /** From the first byte of a connection's request to the end of its headers. Per app only. Default 60 000. */
    readonly headers?: number;
    /** From the first read of the body to its end: 408. Default 300 000. */
    readonly body?: number;
    /** From the request to the handler's result or first item: 503. Default 60 000. */
    readonly first?: number;
    /** Between two items of a stream: it ends with an error item and a cut. Default 0, since many streams are rightly quiet. */
    readonly idle?: number;
    /** How long a reader may take nothing while there is something for it: cut. Default 30 000. */
    readonly stall?: number;
    /** From the request to the end of its reply: 503, or a cut once the head has left. Default 0. */
    readonly total?: number;
}
/** The defaults of every phase. */
export declare const DEFAULT_TIMEOUTS: Required<Timeouts>;
type Phase = 'body' | 'first' | 'idle' | 'stall' | 'total';
/** The error of a phase that took too long. */
export declare function phaseTimeout(phase: Phase, ms: number): HttpError;
/** What kind of end an error stands for. */
export declare function outcomeOf(error: unknown): Exclude<Outcome, 'complete'>;
export {};
//# sourceMappingURL=timeout.d.ts.map