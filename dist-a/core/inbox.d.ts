/**
 * What a peer has sent and nobody has read yet.
 *
 * Theory. A connection that is not read hides its own end: the peer's close stands behind the
 * messages that wait. To somebody who iterates that is fair, he will come to it; so a full inbox makes
 * the peer wait (backpressure), and nothing is lost. A handler that only sends would never learn that
 * its peer has gone. So a full inbox waits a moment for somebody to iterate; then everything is
 * dropped, now and from then on, and whoever begins to iterate after that gets an error: a gap is
 * never silent.
 */
import type { Clock } from './clock.ts';
import type { Message } from './socket.ts';
/** How the peer is made to wait. */
export interface Flow {
    pause(): void;
    resume(): void;
}
export declare class Inbox implements AsyncIterable<Message> {
    #private;
    constructor(flow: Flow, clock: Clock);
    /** Whether the peer is being made to wait. */
    get paused(): boolean;
    push(message: Message): void;
    /** Takes nothing in any more; what waits can still be read. */
    stop(): void;
    /** The socket is closed: who iterates gets what waits, and then the end. */
    end(): void;
    /** @throws {Error} for a second reader, or when messages were dropped before this one came. */
    [Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined>;
}
//# sourceMappingURL=inbox.d.ts.map