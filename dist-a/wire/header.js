/** Characters a field name may have: RFC 9110 section 5.6.2, token. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What a field value may not have: controls other than tab (RFC 9110 section 5.5), and what is not Latin-1. */
// oxlint-disable-next-line no-control-regex -- the rule is about controls
const BAD_VALUE = /[^\t\u0020-\u007e\u0080-\u00ff]/;
/**
 * Checks a header that is about to be sent, so that no value can end its line and start another
 * one (response splitting), and nothing leaves half written.
 *
 * @throws {TypeError} naming the header, never its value.
 */
export function assertHeader(name, value) {
    if (!NAME.test(name))
        throw new TypeError(`Header name ${JSON.stringify(name)} is not a valid token.`);
    if (BAD_VALUE.test(value)) {
        throw new TypeError(`Header "${name}" has a line break, a control or a non-Latin-1 character in its value. Encode it first.`);
    }
}
/** The media type without its parameters, in lower case: `text/html` of `Text/HTML; charset=utf-8`. */
export function mediaTypeEssence(contentType) {
    const end = contentType.indexOf(';');
    return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}
/**
 * Reads the `charset` parameter of a media type, in lower case.
 *
 * @returns `undefined` when there is none.
 */
export function mediaTypeCharset(contentType) {
    return /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1]?.toLowerCase();
}
//# sourceMappingURL=header.js.map