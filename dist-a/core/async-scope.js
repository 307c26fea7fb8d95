// Asked of the runtime rather than imported, so that the core runs where there is no such module.
const hooks = globalThis.process?.getBuiltinModule?.('node:async_hooks');
/**
 * Captures the current asynchronous context (AsyncLocalStorage). A generator that is resumed by a
 * socket's event would otherwise find itself in the context of whatever request caused that event.
 */
export function captureAsyncScope() {
    if (hooks === undefined)
        return (fn) => fn();
    const resource = new hooks.AsyncResource('MillraceStream', { requireManualDestroy: true });
    return (fn) => resource.runInAsyncScope(fn);
}
//# sourceMappingURL=async-scope.js.map