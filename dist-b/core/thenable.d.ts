/** A promise, or what is awaited like one: the queries of many database libraries. */
export declare function isThenable<T>(value: T): value is Extract<T, PromiseLike<unknown>> & PromiseLike<Awaited<T>>;
//# sourceMappingURL=thenable.d.ts.map