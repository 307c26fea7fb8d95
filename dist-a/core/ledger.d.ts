/** What of an app is under way, for tests (and inspectors): kept only while somebody wants to know. */
import type { Incoming } from './incoming.ts';
import type { ObservedRequest } from './observer.ts';
/** A part of a request that has not been unwound. */
export interface OpenPart {
    readonly kind: 'request' | 'source' | 'dependency' | 'file' | 'after';
    /** The name under which a dependency is used. */
    readonly name?: string;
}
/** A request, as far as a ledger has to know it. */
export interface LedgerEntry {
    readonly incoming: Incoming;
    readonly observed: ObservedRequest;
    /** Milliseconds since it arrived, by the app's clock. */
    readonly ageMs: number;
    /** What of it is open at the moment; nothing once everything has been unwound. */
    readonly open: readonly OpenPart[];
}
/** A piece of cleanup that threw. */
export interface CleanupFailure {
    readonly entry: LedgerEntry;
    readonly what: string;
    readonly error: unknown;
}
/** The requests that outlive the call that answers them: asynchronous ones, streams, files, cleanups. */
export declare class Ledger {
    #private;
    /** Told of cleanups that fail; they are logged all the same. */
    onCleanupFailed: ((failure: CleanupFailure) => void) | undefined;
    add(entry: LedgerEntry): void;
    /** The requests of which something is open. */
    get open(): readonly LedgerEntry[];
}
//# sourceMappingURL=ledger.d.ts.map