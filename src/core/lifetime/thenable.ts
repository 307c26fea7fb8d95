/**
 * The promise as it is, but for one thing: when it fails while nobody looks at it, that does not end the
 * process. For what fails because of a client, who must not have that power: `const pause = sleep(1000);
 * await work(); await pause` looks too late.
 */
export function harmless<P extends Promise<unknown>>(promise: P): P {
  promise.catch(ignore)
  return promise
}

const ignore = () => {}

/** A promise, or what is awaited like one: the queries of many database libraries. */
export function isThenable<T>(value: T): value is Extract<T, PromiseLike<unknown>> & PromiseLike<Awaited<T>> {
  return (
    value instanceof Promise ||
    (typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function')
  )
}
