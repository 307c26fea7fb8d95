/**
 * An object without a prototype that V8 keeps in fast mode (unlike `Object.create(null)`).
 * Keys such as `__proto__` and `constructor` are plain own properties on it.
 */
export const BareRecord = /* @__PURE__ */ (() => {
    const Bare = function () { };
    Bare.prototype = Object.freeze(Object.create(null));
    return Bare;
})();
/** Thrown for input that is not application/x-www-form-urlencoded, or holds too many fields. */
export class QuerySyntaxError extends Error {
    name = 'QuerySyntaxError';
}
/**
 * Parses a query string or an urlencoded form (WHATWG URL section 5.1), strictly: bad
 * percent-encoding is an error, not a guess.
 *
 * @param text without a leading question mark.
 * @param maxFields the most fields accepted, default 1000.
 * @throws {QuerySyntaxError} for bad percent-encoding or more than `maxFields` fields.
 */
export function parseQuery(text, maxFields = 1000) {
    const record = new BareRecord();
    let fields = 0;
    let start = 0;
    while (start < text.length) {
        let end = text.indexOf('&', start);
        if (end === -1)
            end = text.length;
        if (end > start) {
            if (++fields > maxFields)
                throw new QuerySyntaxError(`More than ${maxFields} fields.`);
            addField(record, text, start, end);
        }
        start = end + 1;
    }
    return record;
}
function addField(record, text, start, end) {
    let equals = text.indexOf('=', start);
    if (equals === -1 || equals > end)
        equals = end;
    const key = decodeField(text.slice(start, equals));
    const value = equals === end ? '' : decodeField(text.slice(equals + 1, end));
    const present = record[key];
    if (present === undefined)
        record[key] = value;
    else if (typeof present === 'string')
        record[key] = [present, value];
    else
        present.push(value);
}
function decodeField(field) {
    const spaced = field.includes('+') ? field.replaceAll('+', ' ') : field;
    if (!spaced.includes('%'))
        return spaced;
    try {
        return decodeURIComponent(spaced);
    }
    catch {
        throw new QuerySyntaxError('Bad percent-encoding.');
    }
}
//# sourceMappingURL=query.js.map