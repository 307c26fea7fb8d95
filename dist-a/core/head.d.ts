import { type SerializeOptions } from 'cookie';
import { type ReplyHeaders } from './reply.ts';
/**
 * The head of the reply to come, as handlers, dependencies and middleware see it: status and headers
 * may be set until the first item leaves. What is set here has the last word over the reply's own
 * headers, and stays on an error reply too (CORS, request ids), content headers excepted.
 */
export declare class Head {
    #private;
    /** The status to send, undefined while the reply's own counts. */
    get status(): number | undefined;
    set status(status: number);
    /** Whether the head has left. Setting anything after that throws. */
    get sent(): boolean;
    /** What was set so far, by lower-case name. */
    get headers(): Readonly<ReplyHeaders>;
    /**
     * Sets a header; a list is sent as repeated fields.
     *
     * @throws {TypeError} for a name or value that could not be sent safely.
     */
    set(name: string, value: string | readonly string[]): this;
    /** Adds a value to a header that may be repeated. */
    append(name: string, value: string): this;
    /**
     * Sets a cookie (RFC 6265). Default attributes: `Path=/`, `HttpOnly`, `SameSite=Lax`.
     *
     * @throws {TypeError} for a name or value that a cookie cannot hold.
     */
    cookie(name: string, value: string, options?: SerializeOptions): this;
    /** Closes the head: it is about to leave. */
    markSent(): void;
}
//# sourceMappingURL=head.d.ts.map