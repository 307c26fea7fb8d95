/**
 * The clockwork beside a pump: what is due when a stream is quiet, stuck or old. It has one timer at
 * a time, set to whatever is due next and re-armed when it fires, so that a busy stream pays one
 * clock reading per write and nothing per item. It never touches the producer.
 */
import type { Clock } from '../core/clock.ts';
/** Milliseconds after which something is due; 0 or undefined for never. */
export interface WatchRules {
    /** Since the last item. */
    readonly idle?: number | undefined;
    /** Since the sink became full, while it still is. */
    readonly stall?: number | undefined;
    /** Since anything was written. */
    readonly heartbeat?: number | undefined;
    /** Since the start: time for a farewell. */
    readonly age?: number | undefined;
    /** Since the start: no more. */
    readonly total?: number | undefined;
}
export type Due = keyof WatchRules;
export declare class StreamWatch {
    #private;
    /** @returns undefined when no rule applies, so that nothing has to be paid for. */
    static start(clock: Clock, rules: WatchRules, onDue: (due: Due) => void): StreamWatch | undefined;
    private constructor();
    /** Items were written. */
    wrote(): void;
    /** The sink became full. */
    blocked(): void;
    /** The sink takes more again; the time it was full is not the source's. */
    resumed(): void;
    stop(): void;
}
//# sourceMappingURL=watch.d.ts.map