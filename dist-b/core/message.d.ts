/** How the messages of a WebSocket become values, and values messages. */
import { type Schema } from './schema.ts';
import type { Message } from './socket.ts';
/** A message as its schema gives it, or what is wrong with it. */
export type ReadMessage = {
    readonly value: unknown;
} | {
    readonly problem: string;
};
export type MessageReader = (message: Message) => ReadMessage | Promise<ReadMessage>;
/**
 * Makes the reader of a route's messages. Binary ones go to the schema as bytes. A schema of strings
 * gets text as it is, one of other types gets it as JSON. Where both are possible, or the schema does
 * not tell (only Standard JSON Schema does), text that is JSON but not a JSON string is tried as JSON
 * first: `{"a":1}` may be the object, while `hello` and `"hello"` are what they look like.
 */
export declare function messageReader(schema: Schema | undefined): MessageReader;
/**
 * A message as it goes over the wire: strings and bytes as they are, the rest as JSON.
 *
 * @throws {TypeError} for what has no JSON form.
 */
export declare function encodeMessage(message: unknown): Message;
/** As much of a text as fits into a close frame. */
export declare function clipReason(text: string): string;
/**
 * Checks what a handler wants to close with.
 *
 * @throws {RangeError} for a code that must not be sent (RFC 6455 section 7.4), or too long a reason.
 */
export declare function assertClose(code: number, reason: string): void;
//# sourceMappingURL=message.d.ts.map