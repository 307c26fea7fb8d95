/** One header field as one string (RFC 9110 section 5.2), or undefined. */
export function headerValue(headers, name) {
    // An own property only: a header called "constructor" is not the one on Object.prototype.
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    return value === undefined || typeof value === 'string' ? value : value.join(', ');
}
//# sourceMappingURL=incoming.js.map