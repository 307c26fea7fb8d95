/** An item with metadata. Make one with `event(data, meta)`. */
export class StreamEvent {
    data;
    meta;
    constructor(data, meta) {
        this.data = data;
        this.meta = meta;
    }
}
/**
 * An item with an id, a name, a retry time or a comment, for formats that carry them (SSE). Others
 * send the data alone.
 *
 * @example yield event(row, { id: String(row.version), event: 'row' })
 */
export function event(data, meta) {
    return new StreamEvent(data, meta);
}
//# sourceMappingURL=format.js.map