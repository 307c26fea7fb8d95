/** A promise, or what is awaited like one: the queries of many database libraries. */
export function isThenable(value) {
    return (value instanceof Promise ||
        (typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'));
}
//# sourceMappingURL=thenable.js.map