/**
 * Request targets and route patterns.
 *
 * There is one decoder for all of Millrace: the router, a guard that looks at `path` and a file
 * server read the same canonical path, so none of them can be tricked past another one by an
 * encoded slash, a dot segment or a doubly encoded character. What is ambiguous is refused.
 */
/** The names in a path pattern, as an object type: `/a/:id/*rest` gives `{ id: string, rest: string }`. */
export type PathParams<P extends string> = string extends P ? Readonly<Record<string, string>> : {
    readonly [K in ParamNames<P>]: string;
};
type ParamNames<P extends string> = P extends `${infer Head}/${infer Tail}` ? ParamName<Head> | ParamNames<Tail> : ParamName<P>;
type ParamName<S extends string> = S extends `:${infer N}` ? N : S extends `*${infer N}` ? N extends '' ? '*' : N : never;
/** A request target split in its two parts. `query` has no leading question mark. */
export interface Target {
    readonly path: string;
    readonly query: string;
}
/**
 * Splits a request target (RFC 9112 section 3.2) into a canonical path and the raw query.
 *
 * The path is canonical: every segment is percent-decoded once and encoded again in one way only,
 * so two spellings of the same path compare equal. A slash inside a segment stays `%2F`, and slashes at
 * the end are left out.
 *
 * @returns `undefined` when the target is malformed or ambiguous: bad percent-encoding, invalid
 *   UTF-8, a NUL, a backslash, or a `.` or `..` segment in any spelling, behind an encoded slash too.
 */
export declare function parseTarget(target: string): Target | undefined;
/** Decodes one captured segment (or wildcard rest) of a canonical path. Never throws for those. */
export declare function decodeParam(value: string): string;
/** A route pattern taken apart. */
export interface PathPattern {
    /** The pattern in rou3's spelling. */
    readonly route: string;
    /** The same for two patterns that match the same paths, whatever their parameters are called. */
    readonly shape: string;
    /** Parameter names by the names rou3 captures them under. */
    readonly names: ReadonlyMap<string, string>;
    /** The name of the parameter that takes the rest of the path. */
    readonly wildcard: string | undefined;
}
/**
 * Reads a route pattern: literal segments, `:name` for one segment, and `*name` (or `*`) at the end
 * for one or more segments.
 *
 * @throws {SyntaxError} naming the pattern and what to write instead.
 */
export declare function parsePattern(pattern: string): PathPattern;
export {};
//# sourceMappingURL=path.d.ts.map