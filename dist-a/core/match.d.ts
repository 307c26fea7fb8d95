/** Something registered under a method and a pattern. */
export interface Registered<T> {
    /** Upper case; `*` for every method. */
    readonly method: string;
    readonly path: string;
    readonly declaredAt: string;
    readonly target: T;
}
/** What a path leads to. Parameters are still encoded. */
export interface Match<T> {
    readonly target: T;
    readonly params: Readonly<Record<string, string>> | undefined;
    /** The parameter that holds several segments. */
    readonly wildcard?: string | undefined;
}
/** The route table: built once, when the app starts. Matching is rou3's; methods and clashes are ours. */
export declare class RouteTable<T> {
    #private;
    /** @throws {UsageError} naming both places when two routes have the same method and match the same paths. */
    constructor(registered: Iterable<Registered<T>>);
    /**
     * Finds what answers a method on a canonical path. HEAD falls back on GET.
     *
     * @throws {HttpError} 404 when no pattern matches, 405 with `Allow` when none has the method.
     */
    find(method: string, path: string): Match<T>;
    /** Whether a route answers exactly this method on a path. */
    has(method: string, path: string): boolean;
    /** The methods that a path answers, for `Allow`. */
    allowed(path: string): string[];
}
/** The pseudo method under which WebSocket routes are kept. */
export declare const WEBSOCKET = "WEBSOCKET";
//# sourceMappingURL=match.d.ts.map