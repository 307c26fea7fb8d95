/** One value, or several where a key is repeated. The object has no prototype. */
export type QueryRecord = Record<string, string | string[]>;
/**
 * An object without a prototype that V8 keeps in fast mode (unlike `Object.create(null)`).
 * Keys such as `__proto__` and `constructor` are plain own properties on it.
 */
export declare const BareRecord: {
    new (): Record<string, never>;
};
/** Thrown for input that is not application/x-www-form-urlencoded, or holds too many fields. */
export declare class QuerySyntaxError extends Error {
    name: string;
}
/**
 * Parses a query string or an urlencoded form (WHATWG URL section 5.1), strictly: bad
 * percent-encoding is an error, not a guess.
 *
 * @param text without a leading question mark.
 * @param maxFields the most fields accepted, default 1000.
 * @throws {QuerySyntaxError} for bad percent-encoding or more than `maxFields` fields.
 */
export declare function parseQuery(text: string, maxFields?: number): QueryRecord;
//# sourceMappingURL=query.d.ts.map