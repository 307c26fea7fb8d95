/** A promise, or what is awaited like one: the queries of many database libraries. */
export function isThenable<T>(value: T): value is Extract<T, PromiseLike<unknown>> & PromiseLike<Awaited<T>> {
  return (
    value instanceof Promise ||
    (typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function')
  )
}
