/** A stream that was cut off: what came of it is true, but it is not all. */
export declare class StreamTruncated extends Error {
    readonly name = "StreamTruncated";
    /** Bytes of the body that had come. */
    readonly bytes: number;
    /** The problem document that the server sent before it cut the stream, where the format has one. */
    readonly problem: Readonly<Record<string, unknown>> | undefined;
    /** @param options `cause` is what the connection, or in memory the source, failed with. */
    constructor(bytes: number, options?: {
        readonly cause?: unknown;
        readonly problem?: Readonly<Record<string, unknown>> | undefined;
    });
}
//# sourceMappingURL=truncation.d.ts.map