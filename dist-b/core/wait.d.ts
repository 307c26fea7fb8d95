/**
 * The waits of a handler: they reject at once when the request is cancelled, so that a generator
 * suspended in one of them unwinds and its `finally` runs.
 *
 * The first rejection comes at once; those of later waits come in a later turn of the event loop. A
 * loop that swallows them (`for (;;) try { await sleep(100) } catch {}`) would otherwise spin in
 * microtasks for ever, and no other request would be served again.
 */
import type { Cancellation } from './cancellation.ts';
import { type Clock } from './clock.ts';
/** Waits `ms` milliseconds. Rejects with StreamCancelled as soon as the request is cancelled. */
export declare function sleep(ms: number, clock: Clock, cancellation: Cancellation): Promise<void>;
/** Anything that emits: Node's EventEmitter by shape, or an EventTarget. */
export type Emitter = {
    on(name: string | symbol, listener: (...args: unknown[]) => void): unknown;
    off(name: string | symbol, listener: (...args: unknown[]) => void): unknown;
} | EventTarget;
export interface OnOptions {
    /** The most events that may wait for the reader, default 1024. */
    readonly limit?: number;
    /** What happens to one more: `fail` (default) ends the wait with an error, `drop-oldest` forgets the oldest. */
    readonly overflow?: 'fail' | 'drop-oldest';
}
/**
 * The events of an emitter as an async iterable of argument lists, as Node's `events.on` gives them,
 * but bounded and ended by the request: the listener is gone when the loop is left or the request
 * is cancelled. An EventEmitter's `error` event is thrown.
 *
 * @throws {StreamCancelled} in the loop, as soon as the request is cancelled.
 */
export declare function on(emitter: Emitter, name: string, cancellation: Cancellation, options?: OnOptions): AsyncIterableIterator<unknown[], void>;
//# sourceMappingURL=wait.d.ts.map