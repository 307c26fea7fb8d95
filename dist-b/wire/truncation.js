/** A stream that was cut off: what came of it is true, but it is not all. */
export class StreamTruncated extends Error {
    name = 'StreamTruncated';
    /** Bytes of the body that had come. */
    bytes;
    /** The problem document that the server sent before it cut the stream, where the format has one. */
    problem;
    /** @param options `cause` is what the connection, or in memory the source, failed with. */
    constructor(bytes, options = {}) {
        const { cause, problem } = options;
        const why = typeof problem?.['title'] === 'string' ? problem['title'] : messageOf(cause);
        super(`The stream was cut off after ${bytes} bytes${why === '' ? '.' : `: ${why}`}`, { cause });
        this.bytes = bytes;
        this.problem = problem;
    }
}
function messageOf(cause) {
    return cause instanceof Error ? cause.message : '';
}
//# sourceMappingURL=truncation.js.map