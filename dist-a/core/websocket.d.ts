import { type WebSocketConnection } from './connection.ts';
import type { Context } from './context.ts';
import type { Provided, UsesOf } from './dependency.ts';
import type { Answer } from './pipeline.ts';
import type { WebSocketOptions } from './route.ts';
import type { Schema, SchemaInput, SchemaOutput } from './schema.ts';
import type { Message } from './socket.ts';
/** What of a WebSocket route's options types its messages. */
type Received<O> = O extends {
    readonly receives: infer S extends Schema;
} ? SchemaOutput<S> : Message;
type Sent<O> = O extends {
    readonly sends: infer S extends Schema;
} ? SchemaInput<S> : unknown;
/** What a WebSocket handler receives. */
export type WebSocketHandlerContext<P extends string, O, U> = Context<P, O> & Provided<UsesOf<O>> & Provided<U> & {
    readonly socket: WebSocketConnection<Received<O>, Sent<O>>;
};
type Handler = (context: never) => unknown;
/** The answer of a WebSocket route: an upgrade that runs the handler. */
export declare function websocketAnswer(options: WebSocketOptions, handler: Handler): Answer;
/**
 * Browsers let any page open a WebSocket to any host and send its cookies along, so a foreign Origin
 * is refused unless it is listed. This stands before the dependencies: they act in the visitor's name.
 */
export declare function sameOrigin(allowed: readonly string[] | undefined, answer: Answer): Answer;
export {};
//# sourceMappingURL=websocket.d.ts.map