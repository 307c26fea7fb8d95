/**
 * Every error Millrace answers with, by its stable code: the status and the title of its problem
 * document (RFC 9457). `docs/errors.md`, the OpenAPI document and the client are checked against it.
 */
export declare const ERROR_TABLE: {
    readonly BAD_REQUEST: readonly [400, "Bad request"];
    readonly MALFORMED_TARGET: readonly [400, "Malformed request target"];
    readonly MALFORMED_QUERY: readonly [400, "Malformed query string"];
    readonly MALFORMED_BODY: readonly [400, "Malformed request body"];
    readonly UNAUTHORIZED: readonly [401, "Authentication required"];
    readonly FORBIDDEN: readonly [403, "Forbidden"];
    readonly NOT_FOUND: readonly [404, "Not found"];
    readonly METHOD_NOT_ALLOWED: readonly [405, "Method not allowed"];
    readonly NOT_ACCEPTABLE: readonly [406, "Not acceptable"];
    readonly REQUEST_TIMEOUT: readonly [408, "Request timeout"];
    readonly BODY_TIMEOUT: readonly [408, "The request body took too long"];
    readonly CONFLICT: readonly [409, "Conflict"];
    readonly GONE: readonly [410, "Gone"];
    readonly PRECONDITION_FAILED: readonly [412, "Precondition failed"];
    readonly BODY_TOO_LARGE: readonly [413, "Request body too large"];
    readonly UNSUPPORTED_MEDIA_TYPE: readonly [415, "Unsupported media type"];
    readonly RANGE_NOT_SATISFIABLE: readonly [416, "Range not satisfiable"];
    readonly VALIDATION_FAILED: readonly [422, "Validation failed"];
    readonly UPGRADE_REQUIRED: readonly [426, "Upgrade required"];
    readonly TOO_MANY_REQUESTS: readonly [429, "Too many requests"];
    readonly INTERNAL: readonly [500, "Internal server error"];
    readonly NOT_IMPLEMENTED: readonly [501, "Not implemented"];
    readonly UNAVAILABLE: readonly [503, "Service unavailable"];
    readonly FIRST_ITEM_TIMEOUT: readonly [503, "The handler took too long"];
    readonly IDLE_TIMEOUT: readonly [503, "The stream was idle for too long"];
    readonly STALL_TIMEOUT: readonly [503, "The reader took nothing for too long"];
    readonly TOTAL_TIMEOUT: readonly [503, "The reply took too long"];
};
/** A code of the closed error table. */
export type ErrorCode = keyof typeof ERROR_TABLE;
/** One thing that is wrong with an input, and its place. */
export interface InputIssue {
    /** Which input: `params`, `query`, `headers`, `cookies`, `body`, or `item` and `message` in streams. */
    readonly in: string;
    /** The path inside that input, as keys and indexes. */
    readonly path: readonly (string | number)[];
    /** What is wrong, in the validator's words. */
    readonly detail: string;
}
/** A problem document: RFC 9457, with `code` and `errors` as extensions. */
export interface Problem {
    readonly type: string;
    readonly title: string;
    readonly status: number;
    readonly detail?: string;
    readonly code: string;
    readonly errors?: readonly InputIssue[];
    readonly [extension: string]: unknown;
}
export interface HttpErrorOptions {
    /** One sentence for the client: what was wrong and what to do next. Never text of the OS or a driver. */
    readonly detail?: string;
    /** A code of your own, UPPER_SNAKE, instead of the table's. */
    readonly code?: string;
    /** Headers of the error reply, for example `www-authenticate` or `retry-after`. */
    readonly headers?: Readonly<Record<string, string | readonly string[]>>;
    /** Issues with their places, listed under `errors`. */
    readonly errors?: readonly InputIssue[];
    /** More members of the problem document. */
    readonly extensions?: Readonly<Record<string, unknown>>;
    /** Kept for the log, never sent. */
    readonly cause?: unknown;
}
/**
 * A decision to answer with an error: throw it anywhere in a handler, a dependency or a middleware,
 * also in a generator before its first item.
 *
 * @example throw new HttpError(403, { detail: 'Only the owner may delete this.' })
 */
export declare class HttpError extends Error {
    readonly name = "HttpError";
    readonly status: number;
    readonly code: string;
    readonly title: string;
    readonly detail: string | undefined;
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
    readonly errors: readonly InputIssue[] | undefined;
    readonly extensions: Readonly<Record<string, unknown>> | undefined;
    /**
     * @param statusOrCode a status from 400 to 599, or a code of the error table.
     * @throws {RangeError} for a status outside that range.
     */
    constructor(statusOrCode: number | ErrorCode, options?: HttpErrorOptions);
    /** The document that is sent. */
    toProblem(): Problem;
}
/**
 * Millrace was used in a way that cannot work. Thrown while routes are declared or the app starts,
 * never because of a request.
 */
export declare class UsageError extends Error {
    readonly name = "UsageError";
}
/** Turns anything thrown into an error that may be shown: what is not an HttpError says nothing. */
export declare function toHttpError(thrown: unknown): HttpError;
//# sourceMappingURL=error.d.ts.map