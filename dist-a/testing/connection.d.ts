/** An app under test: requests in, live replies out, and a close that finds what was left over. */
import type { Application } from '../core/app.ts';
import { LeakDetector } from './leak.ts';
import { type Send } from './memory.ts';
import { type TestReply, type TestRequest } from './reply.ts';
export interface ConnectOptions {
    /**
     * What requests travel over: `memory` (default), or `http`: real sockets to a server of its own on a
     * free port. A server that listens already is named by its `url`.
     */
    readonly over?: 'memory' | 'http' | {
        readonly url: string;
    };
    /** Real milliseconds that everything may take to unwind when the connection is closed, default 1000. */
    readonly withinMs?: number;
}
/** A way to an app, and the watch over it. Close it, or declare it with `await using`. */
export interface TestConnection extends AsyncDisposable {
    /**
     * Sends a request, and gives the reply as soon as its head is there. The first one starts the app.
     *
     * @example const reply = await connection.request('GET', '/ticks'); await reply.next()
     */
    request(method: string, target: string, request?: TestRequest): Promise<TestReply>;
    /**
     * Leaves what is still open, as a client would, and waits until everything has unwound: handlers,
     * generators, dependencies, `after` callbacks, background work. If the connection started the app,
     * its lifespan ends too.
     *
     * @throws {LeakError} for what has not unwound in time, and for timers that are left on a test clock.
     */
    close(): Promise<void>;
}
/**
 * Connects to an app.
 *
 * @example
 * await using connection = connect(app)
 * const reply = await connection.request('GET', '/ticks')
 */
export declare function connect(app: Application, options?: ConnectOptions): TestConnection;
/** A connection that can send. */
interface Opened {
    readonly send: Send;
    readonly detector: LeakDetector;
    /** Ends what the connection itself has begun. */
    readonly hangUp: () => Promise<void>;
    readonly startedApp: boolean;
}
export declare class AppConnection implements TestConnection {
    #private;
    constructor(app: Application, { over, withinMs }: ConnectOptions);
    request(method: string, target: string, request?: TestRequest): Promise<TestReply>;
    /** Starts what has to be started. */
    open(): Promise<Opened>;
    /** @param onWait called now and then while it waits. */
    close(onWait?: () => unknown): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
export {};
//# sourceMappingURL=connection.d.ts.map