/** The items of a stream as its format frames them: JSON Lines, JSON text sequences, server-sent events. */
import { mediaTypeEssence } from '../wire/header.js';
import { JsonLineDecoder, LineDecoder } from '../wire/jsonl.js';
import { SseDecoder } from '../wire/sse.js';
/** @throws {TypeError} for a content type that has no items. */
export function createItemDecoder(status, contentType) {
    switch (mediaTypeEssence(contentType)) {
        case 'application/jsonl':
        case 'application/x-ndjson':
            return jsonLines();
        case 'application/json-seq':
            return jsonSequence();
        case 'text/event-stream':
            return events();
        default:
            throw new TypeError(`A ${status} reply with content type "${contentType}" has no items. Read it with next(), text() or json().`);
    }
}
function jsonLines() {
    const decoder = new JsonLineDecoder();
    return {
        push: (text) => decoder.push(text).map(fromRecord),
        end() {
            const last = decoder.end();
            return last === undefined ? [] : [fromRecord(last)];
        },
    };
}
const RECORD_SEPARATOR = '\u001e';
/** One record per line, as Millrace writes them, though RFC 7464 allows more. */
function jsonSequence() {
    const decoder = new LineDecoder();
    const read = (line) => fromRecord(JSON.parse(line.slice(line.indexOf(RECORD_SEPARATOR) + 1)));
    return {
        push: (text) => decoder.push(text).map(read),
        end() {
            const last = decoder.end();
            return last === undefined ? [] : [read(last)];
        },
    };
}
function events() {
    const decoder = new SseDecoder();
    return {
        push: (text) => decoder.push(text).map(fromEvent),
        end() {
            if (decoder.pending)
                throw new SyntaxError('The stream ended in the middle of an event.');
            return [];
        },
    };
}
function fromRecord(value) {
    if (hasOnly(value, '$end'))
        return { kind: 'end' };
    if (hasOnly(value, '$error'))
        return { kind: 'problem', problem: value['$error'] };
    return { kind: 'item', item: { data: value } };
}
function hasOnly(value, key) {
    return typeof value === 'object' && value !== null && Object.keys(value).join() === key;
}
function fromEvent({ data, ...meta }) {
    const parsed = parse(data);
    if (meta.event === 'end' && data === '{}')
        return { kind: 'end' };
    // An app may have events of that name too; those of a failure carry a problem document.
    if (meta.event === 'error' && isProblem(parsed))
        return { kind: 'problem', problem: parsed };
    return { kind: 'item', item: { data: parsed, ...meta } };
}
function isProblem(value) {
    return typeof value === 'object' && value !== null && 'title' in value && 'status' in value;
}
/** What a reply made by hand sends need not be JSON. */
function parse(data) {
    try {
        return JSON.parse(data);
    }
    catch {
        return data;
    }
}
//# sourceMappingURL=item.js.map