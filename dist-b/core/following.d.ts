/** How a socket follows a channel, without the core knowing channels. */
import type { SharedMessage, Socket } from './socket.ts';
/** Something a socket can follow: a channel. Entries are encoded once for all followers. */
export interface Followable<T> {
    subscribe(options?: {
        readonly replay?: number;
    }): Following<T>;
}
/** A cursor of one follower. */
export interface Following<T> {
    /**
     * The next entry, or undefined when there is none yet, or no more.
     *
     * @throws {FollowerTooSlow} once, when the follower fell too far behind.
     */
    take(): {
        readonly value: T;
        readonly message: SharedMessage;
    } | undefined;
    /** Set by the follower, and called when there may be something to take, or taking would throw. */
    onReady: (() => void) | undefined;
    readonly closed: boolean;
    close(): void;
}
/** A follower was too slow: entries it had not taken are gone. */
export declare class FollowerTooSlow extends Error {
    readonly name = "FollowerTooSlow";
    constructor(channel: string, history: number);
}
/**
 * Carries the entries of a channel to one socket, at the pace of its peer. Whatever the channel throws
 * ends in `onFailed`: it must reach neither its publisher nor the other followers.
 */
export declare class Follower {
    #private;
    constructor(socket: Socket, following: Following<unknown>, onFailed: (error: unknown) => void);
    readonly leave: () => void;
}
//# sourceMappingURL=following.d.ts.map