import type { Cancellation } from './cancellation.ts';
import type { AfterCallback } from './context.ts';
import type { Engine, Release } from './engine.ts';
import type { Incoming } from './incoming.ts';
import type { LedgerEntry, OpenPart } from './ledger.ts';
import type { Logger } from './logger.ts';
import { type ObservedRequest } from './observer.ts';
import type { Ending, OpenFile } from './reply.ts';
import type { Failure, Source } from './source.ts';
/** An ending as a transport tells it. */
export type ToldEnding = Omit<Ending, 'durationMs'>;
/** The request whose lifetime it is. */
interface Owner {
    readonly request: Incoming;
    readonly cancellation: Cancellation;
    readonly log: Logger;
    readonly method: string;
    readonly path: string;
    readonly route: string | undefined;
    readonly observed: ObservedRequest;
}
export declare class Lifetime implements LedgerEntry {
    #private;
    /** What threw, when the handler's work failed before the head left. */
    failure: Failure | undefined;
    /** Whether a client that leaves ends the work. */
    finishesAlone: boolean;
    constructor(exchange: Owner, engine: Engine);
    /** Milliseconds since the request arrived. */
    get ageMs(): number;
    get incoming(): Incoming;
    get observed(): ObservedRequest;
    get open(): readonly OpenPart[];
    /** The handler is at work, and may be beyond its reply. */
    begin(work: Promise<unknown>): void;
    /** The handler is done. */
    workEnded(): void;
    /** Somebody is going to say how the body has ended. */
    bind(): void;
    /** Runs `fn` when the body has ended, in the asynchronous context of the caller. */
    after(fn: AfterCallback): void;
    /** Registers the cleanup of a dependency, by the name it is used as. */
    releaseWith(scope: 'request' | 'handler', name: string, release: Release): void;
    /** Registers a source that must not outlive the request. */
    own(source: Source): void;
    /** Registers a file that must not stay open longer than the request. Its `close` may be called again. */
    ownFile(file: OpenFile): void;
    /** Whether somebody has to be told when the body has ended. */
    get needsEnd(): boolean;
    /** Whether dependencies of scope `handler` are open. */
    get hasHandlerScope(): boolean;
    /** Releases dependencies of scope `handler`: the handler has finished its own work. */
    releaseHandlerScope(failure: Failure | undefined): void | Promise<void>;
    /**
     * The same while the reply has yet to be sent: a dependency that cannot commit makes it an error, and
     * the others roll back.
     *
     * @throws what the first of them threw.
     */
    commitHandlerScope(): Promise<void>;
    /** The body has ended: unwinds everything. Only the first call counts. */
    finish(told: ToldEnding, status: number): void;
    /** Logs and tells observers what the client is told nothing about; that it was cancelled is no error. */
    report(error: unknown): void;
    /** The client has left before there was a reply, and the route wants its work finished: shutdown waits. */
    workOn(): void;
}
export {};
//# sourceMappingURL=lifetime.d.ts.map