/**
 * Replays a request and cuts it at every point at which a client can leave.
 *
 * Points. Before the head: as the request arrives, and while its reply is awaited. Then after each
 * chunk (and after none), in four states of the server: it has just handed the chunk over; it has come
 * to rest, since nobody reads; it is at work on the next chunk; it is writing it. How many chunks
 * there are is learnt from a first replay that is left alone.
 */
import type { Application } from '../core/app.ts';
import { type ConnectOptions } from './connection.ts';
/** A request that can be sent again and again. */
export interface ReplayedRequest {
    /** Default GET. */
    readonly method?: string;
    readonly target: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Uint8Array | (() => AsyncIterable<Uint8Array>);
}
export interface DisconnectPointOptions extends ConnectOptions {
    /** How many chunks a stream is followed, default 10: many have no end. */
    readonly chunks?: number;
    /** After so many real milliseconds without a chunk a stream is taken to be quiet for good, default 500. */
    readonly quietMs?: number;
    /** Called when everything has unwound, for assertions of your own: is the pool full again? */
    readonly check?: (point: string) => unknown;
}
/** What was tried. */
export interface DisconnectPoints {
    /** The points, in words. */
    readonly points: readonly string[];
    /** Chunks of the replay that was left alone. */
    readonly chunks: number;
    /** Whether that one came to its end, rather than to the bound on chunks or to silence. */
    readonly complete: boolean;
}
/**
 * Replays a request, cuts it at every point, and looks after each whether everything has unwound:
 * the handler, its generators (their `finally` ran), dependencies, files, `after` callbacks,
 * background work, timers of a test clock; and whether what ran did not fail.
 *
 * An app with a test clock has its time turned whenever it waits for nothing else. Give it one:
 * otherwise sleeps take their time at every point.
 *
 * @param makeApp an app, or better a function that makes one, so that every replay has its own.
 * @param request `'GET /ticks'`, or an object.
 * @throws {LeakError} that names the point and what was left.
 */
export declare function everyDisconnectPoint(makeApp: Application | (() => Application | Promise<Application>), request: string | ReplayedRequest, options?: DisconnectPointOptions): Promise<DisconnectPoints>;
//# sourceMappingURL=disconnect-point.d.ts.map