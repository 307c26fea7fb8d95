import { type Following } from '../core/following.ts';
import type { LogEntry, MemoryLog } from './log.ts';
/** What happens to a follower that falls further behind than the log reaches back. */
export type SlowPolicy = 
/** Its following ends with an error; a socket is closed with 1013. The default. */
'disconnect'
/** It goes on with the oldest entry there is, and `dropped` counts what it missed. */
 | 'drop-oldest';
export interface SubscribeOptions {
    /** Start with this many of the latest entries, default 0: only what is published from now on. */
    readonly replay?: number;
    /** Ends the subscription with the signal's reason. A generator passes its `ctx.signal`. */
    readonly signal?: AbortSignal;
}
/** What a subscription needs of its channel. */
export interface Followed<T> {
    readonly name: string;
    readonly slow: SlowPolicy;
    readonly log: MemoryLog<T>;
    readonly forget: (subscription: Subscription<T>) => void;
}
/** One follower's cursor. Iterate over it, or `take()` what there is. */
export declare class Subscription<T> implements Following<T>, AsyncIterableIterator<T, void> {
    #private;
    /** Entries this follower has missed, under `drop-oldest`. */
    dropped: number;
    onReady: (() => void) | undefined;
    /** @throws {RangeError} unless `replay` is a whole number from 0 up, or Infinity. */
    constructor(channel: Followed<T>, { replay, signal }: SubscribeOptions);
    get closed(): boolean;
    /** Entries published and not yet taken. */
    get behind(): number;
    /**
     * The next entry, or undefined when there is none yet, or no more.
     *
     * @throws {FollowerTooSlow} once, under the policy `disconnect`, when entries were lost to it.
     * @throws the reason of the signal, once, when it has aborted.
     */
    take(): LogEntry<T> | undefined;
    /** For the channel: something was published. */
    notify(): void;
    /** Stops following. Whoever waits is told that there is no more. */
    close(): void;
    next(): Promise<IteratorResult<T, void>>;
    return(): Promise<IteratorResult<T, void>>;
    [Symbol.asyncIterator](): this;
}
//# sourceMappingURL=subscription.d.ts.map