/**
 * Server-sent events (`text/event-stream`) as text: WHATWG HTML section 9.2.
 *
 * Rules both halves rely on:
 * - A line ends at CR, LF or CRLF and at nothing else; U+2028, VT and FF are ordinary characters.
 * - Exactly one space after the colon is dropped, so the encoder always writes one and never trims.
 * - A blank line ends an event. Without it the event does not exist, so the decoder has no flush.
 * - The end of an event is known at its CR; waiting for a possible LF would hold the event back.
 *
 * The decoder looks at every character a fixed number of times: line breaks are searched only in the newest
 * chunk, and an unfinished line is a rope that is read once, when its end has arrived.
 */
/** One event as it was on the wire. `event` is absent for the default type, `message`. */
export interface SseMessage {
    data: string;
    event?: string;
    /** The `id` field of this event alone; `''` means that the server reset the last event id. */
    id?: string;
    /** The `retry` field of this event alone, in milliseconds. */
    retry?: number;
}
/** What {@link encodeSse} can put into one frame. A field that is `undefined` is left out. */
export interface SseFields {
    data?: string | undefined;
    event?: string | undefined;
    id?: string | undefined;
    retry?: number | undefined;
    comment?: string | undefined;
}
/** Options of {@link SseDecoder}. */
export interface SseDecoderOptions {
    /** See {@link SseDecoder}. Default 1 048 576; `Infinity` removes the bound. */
    maxEventLength?: number | undefined;
    /** The id to start from, when this stream continues an earlier one. Default `''`. */
    lastEventId?: string | undefined;
}
/**
 * Encodes one frame, ended by its blank line.
 *
 * A parser gives back the same `data`, except that CR and CRLF become LF: the format has no other line break.
 * Frames without `data` dispatch no event, but a `comment` keeps a connection alive, `id` moves the last
 * event id and `retry` sets the reconnection time. An empty `event` means the default type and is left out.
 *
 * @param fields The fields of the frame.
 * @returns The text to send; `'\n'`, which has no effect, when there are no fields.
 * @throws TypeError When `event` or `id` holds CR, LF or NUL, or `retry` is not a non-negative safe integer.
 * @see WHATWG HTML 9.2.5, 9.2.6
 */
export declare function encodeSse(fields: SseFields): string;
/**
 * Decodes a `text/event-stream` piece by piece; any chunk boundary will do.
 *
 * The result does not depend on how the text was cut, and that includes errors: when a chunk holds whole
 * events and then goes over the limit, `push` returns those events and throws at its next call (`push('')` is
 * enough). A decoder that has failed stays failed, because what follows would be read from the middle of an
 * event.
 *
 * Comments and unknown fields are ignored. One byte order mark at the start is skipped.
 *
 * `maxEventLength` bounds one event in UTF-16 code units: all its lines from its first field to its blank
 * line, without the line breaks, ignored lines included. Outside of an event it bounds a single (comment)
 * line.
 *
 * @throws RangeError (constructor) When `maxEventLength` is neither a positive integer nor `Infinity`.
 * @see WHATWG HTML 9.2.6
 */
export declare class SseDecoder {
    #private;
    constructor(options?: SseDecoderOptions);
    /**
     * The id to send as `Last-Event-ID` when reconnecting. It moves when an event ends, with or without data,
     * so an event that was cut off is asked for again.
     */
    get lastEventId(): string;
    /**
     * The latest `retry` in milliseconds, also from a frame without data, which gives no message. It can exceed
     * what a timer takes (2^31 - 1), so clamp it.
     */
    get reconnectionTime(): number | undefined;
    /**
     * Whether something unfinished is held: a line without its end, an event without its blank line, or an
     * event over the limit. True when the stream has ended means that it was cut off.
     */
    get pending(): boolean;
    /**
     * Takes the next piece of text and returns the events that it completes.
     *
     * @param chunk Decoded text; use one streaming `TextDecoder` per stream.
     * @throws RangeError When an event is longer than `maxEventLength`; the message names the limit.
     */
    push(chunk: string): SseMessage[];
}
//# sourceMappingURL=sse.d.ts.map