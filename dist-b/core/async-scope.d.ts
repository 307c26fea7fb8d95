/** Runs a function in the asynchronous context that was current when the scope was made. */
export type AsyncScope = <T>(fn: () => T) => T;
/**
 * Captures the current asynchronous context (AsyncLocalStorage). A generator that is resumed by a
 * socket's event would otherwise find itself in the context of whatever request caused that event.
 */
export declare function captureAsyncScope(): AsyncScope;
//# sourceMappingURL=async-scope.d.ts.map