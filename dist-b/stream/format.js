import { OCTETS, TEXT } from '../core/reply.js';
import { isSchema } from '../core/schema.js';
import { RAW } from '../core/source.js';
import { encodeJsonLine, encodeJsonSeq } from '../wire/jsonl.js';
import { encodeSse } from '../wire/sse.js';
const UTF8_TEXT = {
    encode(item) {
        if (typeof item === 'string')
            return item;
        throw new TypeError(`A text stream takes strings, not a value of type ${typeof item}. Convert it before the yield.`);
    },
};
/** Text, item by item, as UTF-8. The head waits for the first item. */
export const text = Object.freeze({
    name: 'text',
    contentType: TEXT,
    mediaTypes: ['text/plain'],
    invalid: 'fail',
    holdMs: Infinity,
    end: false,
    encoder: () => UTF8_TEXT,
});
const OCTET_STREAM = { encode: (item) => RAW.encode(item) };
/**
 * Bytes of a media type, chunk by chunk. The head waits for the first chunk.
 *
 * @param mediaType default application/octet-stream.
 */
export function bytes(mediaType = OCTETS) {
    return Object.freeze({
        name: 'bytes',
        contentType: mediaType,
        mediaTypes: [mediaType.split(';')[0].trim().toLowerCase()],
        invalid: 'fail',
        holdMs: Infinity,
        end: false,
        encoder: () => OCTET_STREAM,
    });
}
const JSON_LINES = {
    encode: encodeJsonLine,
    endMark: encodeJsonLine({ $end: true }),
    failure: (problem) => encodeJsonLine({ $error: problem }),
};
export function jsonl(schema, options = {}) {
    return Object.freeze({
        name: 'jsonl',
        contentType: 'application/jsonl',
        mediaTypes: ['application/jsonl', 'application/x-ndjson'],
        holdMs: Infinity,
        ...itemPart('jsonl', schema, options),
        encoder: () => JSON_LINES,
    });
}
const JSON_SEQ = {
    encode: encodeJsonSeq,
    endMark: encodeJsonSeq({ $end: true }),
    failure: (problem) => encodeJsonSeq({ $error: problem }),
};
export function jsonSeq(schema, options = {}) {
    return Object.freeze({
        name: 'json-seq',
        contentType: 'application/json-seq',
        mediaTypes: ['application/json-seq'],
        holdMs: Infinity,
        ...itemPart('jsonSeq', schema, options),
        encoder: () => JSON_SEQ,
    });
}
export function jsonArray(schema, options = {}) {
    return Object.freeze({
        name: 'json-array',
        contentType: 'application/json',
        mediaTypes: ['application/json'],
        holdMs: Infinity,
        ...itemPart('jsonArray', schema, options),
        encoder: () => arrayEncoder(),
    });
}
function arrayEncoder() {
    let separator = '[\n';
    return {
        encode(item) {
            const line = separator + toJson(item);
            separator = ',\n';
            return line;
        },
        closing: () => (separator === '[\n' ? '[]\n' : '\n]\n'),
    };
}
/** How long the head of an event stream waits for its first event, so that `onopen` is not late. */
const SSE_HOLD_MS = 100;
const SSE_HEARTBEAT_MS = 15_000;
export function sse(schema, options = {}) {
    const { heartbeat = SSE_HEARTBEAT_MS, retry, maxAge } = options;
    const encoder = retry === undefined ? EVENTS : { ...EVENTS, opening: encodeSse({ retry }) };
    return Object.freeze({
        name: 'sse',
        contentType: 'text/event-stream',
        mediaTypes: ['text/event-stream'],
        headers: { 'cache-control': 'no-cache, no-transform' },
        holdMs: SSE_HOLD_MS,
        ...(heartbeat === 0 ? undefined : { heartbeat: { ms: heartbeat, chunk: encodeSse({ comment: '' }) } }),
        ...(maxAge === undefined ? undefined : { maxAgeMs: maxAge }),
        ...itemPart('sse', schema, options),
        encoder: () => encoder,
    });
}
const EVENTS = {
    encode: (item, meta) => encodeSse(meta === undefined ? { data: toJson(item) } : { ...meta, data: toJson(item) }),
    endMark: encodeSse({ event: 'end', data: '{}' }),
    failure: (problem) => encodeSse({ event: 'error', data: JSON.stringify(problem) }),
    farewell: (retryMs) => encodeSse({ retry: retryMs }),
};
function itemPart(name, schema, options) {
    const { invalid = 'fail', end = false } = options;
    if (schema === undefined)
        return { invalid, end };
    if (isSchema(schema))
        return { schema, invalid, end };
    throw new TypeError(`${name}(schema) takes a Standard Schema (zod, valibot, arktype, ...).`);
}
function toJson(item) {
    const encoded = JSON.stringify(item);
    if (encoded !== undefined)
        return encoded;
    throw new TypeError(`A stream cannot carry a value of type ${typeof item}. Yield a JSON value.`);
}
const INFERRED_BYTES = bytes();
const INFERRED_JSON = jsonl();
/** For a generator that declares no format: strings are text, bytes octets, everything else JSON Lines. */
export function inferFormat(first) {
    if (typeof first === 'string')
        return text;
    if (ArrayBuffer.isView(first) || first instanceof ArrayBuffer)
        return INFERRED_BYTES;
    return INFERRED_JSON;
}
//# sourceMappingURL=format.js.map