/**
 * Checks a header that is about to be sent, so that no value can end its line and start another
 * one (response splitting), and nothing leaves half written.
 *
 * @throws {TypeError} naming the header, never its value.
 */
export declare function assertHeader(name: string, value: string): void;
/** The media type without its parameters, in lower case: `text/html` of `Text/HTML; charset=utf-8`. */
export declare function mediaTypeEssence(contentType: string): string;
/**
 * Reads the `charset` parameter of a media type, in lower case.
 *
 * @returns `undefined` when there is none.
 */
export declare function mediaTypeCharset(contentType: string): string | undefined;
//# sourceMappingURL=header.d.ts.map