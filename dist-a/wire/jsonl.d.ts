/**
 * JSON Lines (`application/jsonl`, `application/x-ndjson`) and JSON text sequences (`application/json-seq`,
 * RFC 7464) as text.
 *
 * A line ends at LF only. `JSON.stringify` escapes LF and CR but writes U+2028 and U+2029 as they are, so a
 * decoder that split at those would tear values apart.
 *
 * The decoders look at every character a fixed number of times: LF is searched only in the newest chunk, and
 * an unfinished line is a rope that is read once, when its end has arrived.
 */
/** Options of {@link LineDecoder} and {@link JsonLineDecoder}. */
export interface LineDecoderOptions {
    /** Bound of one line in UTF-16 code units, its LF not counted. Default 1 048 576; `Infinity` removes it. */
    maxLineLength?: number | undefined;
}
/**
 * Encodes one value as a line of JSON Lines.
 *
 * @param value Anything that `JSON.stringify` gives a text for.
 * @returns The JSON text and LF.
 * @throws TypeError When the value has no JSON text (`undefined`, a function, a symbol, or a `toJSON` that
 *   returns one of them), and, from `JSON.stringify`, for a BigInt or a cycle.
 */
export declare function encodeJsonLine(value: unknown): string;
/**
 * Encodes one value as an element of a JSON text sequence: RS, the JSON text, LF.
 *
 * @param value Anything that `JSON.stringify` gives a text for.
 * @throws TypeError As {@link encodeJsonLine} does.
 * @see RFC 7464 section 2.2; the LF is also what marks a top-level number as complete (section 2.4)
 */
export declare function encodeJsonSeq(value: unknown): string;
/**
 * Splits text into lines piece by piece; any chunk boundary will do. Lines end at LF; one CR before it is
 * removed. A byte order mark is left alone, since not every line format has one.
 *
 * The result does not depend on how the text was cut, and that includes errors: when a chunk holds whole
 * lines and then goes over the limit, `push` returns those lines and the next call of `push` or `end` throws.
 * A decoder that has failed stays failed.
 *
 * @throws RangeError (constructor) When `maxLineLength` is neither a positive integer nor `Infinity`.
 */
export declare class LineDecoder {
    #private;
    constructor(options?: LineDecoderOptions);
    /**
     * Takes the next piece of text and returns the lines that it completes, without their line ends.
     *
     * @throws RangeError When a line is longer than `maxLineLength` (a CR before the LF counts, because it is
     *   not known to be one until the LF is there); the message names the limit.
     */
    push(chunk: string): string[];
    /**
     * Ends the text and returns its last line if that line has no LF; `undefined` if nothing is left.
     * Whether an unterminated line is whole is for the caller to know: a cut connection leaves one too.
     *
     * @throws RangeError When an earlier `push` went over the limit and has not said so yet.
     */
    end(): string | undefined;
}
/**
 * Decodes JSON Lines piece by piece; any chunk boundary will do. Lines of nothing but JSON white space are
 * skipped, and so is one byte order mark at the start.
 *
 * As with {@link LineDecoder}, the result does not depend on how the text was cut: the values before a bad
 * line are returned, and the error is thrown by the same call if there are none, otherwise by the next `push`
 * or `end` (`push('')` is enough). A decoder that has failed stays failed.
 *
 * @throws RangeError (constructor) When `maxLineLength` is neither a positive integer nor `Infinity`.
 */
export declare class JsonLineDecoder {
    #private;
    constructor(options?: LineDecoderOptions);
    /**
     * Takes the next piece of text and returns the values of the lines that it completes.
     *
     * @throws SyntaxError When a line is not JSON. The message has its number, from 1, never its content.
     * @throws RangeError When a line is longer than `maxLineLength`.
     */
    push(chunk: string): unknown[];
    /**
     * Ends the text and returns the value of a last line that has no LF; `undefined`, which no JSON text stands
     * for, if there is none. Call it only when the transport says that the end was a clean one: half of `123`
     * is a number too.
     *
     * @throws SyntaxError When that line is not JSON, or when an earlier `push` met a bad line.
     * @throws RangeError When an earlier `push` went over the limit and has not said so yet.
     */
    end(): unknown;
}
//# sourceMappingURL=jsonl.d.ts.map