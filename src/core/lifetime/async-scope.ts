/** Runs a function in the asynchronous context that was current when the scope was made. */
export type AsyncScope = <T>(fn: () => T) => T

interface AsyncHooks {
  readonly AsyncResource: new (
    type: string,
    options: { requireManualDestroy: boolean },
  ) => { runInAsyncScope<T>(fn: () => T): T }
}

interface Runtime {
  readonly process?: { getBuiltinModule?: (name: string) => AsyncHooks | undefined }
}

// Asked of the runtime rather than imported, so that the core runs where there is no such module.
const hooks = (globalThis as Runtime).process?.getBuiltinModule?.('node:async_hooks')

/**
 * Captures the current asynchronous context (AsyncLocalStorage). A generator that is resumed by a
 * socket's event would otherwise find itself in the context of whatever request caused that event.
 */
export function captureAsyncScope(): AsyncScope {
  if (hooks === undefined) return (fn) => fn()
  const resource = new hooks.AsyncResource('MillraceStream', { requireManualDestroy: true })
  return (fn) => resource.runInAsyncScope(fn)
}
