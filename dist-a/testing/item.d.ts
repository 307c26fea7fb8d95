/** One item of a stream. */
export interface TestItem<T = unknown> {
    readonly data: T;
    /** The rest is of server-sent events only. */
    readonly id?: string;
    readonly event?: string;
    readonly retry?: number;
}
/** A failure as a stream tells it before it is cut. */
export type TestProblem = Readonly<Record<string, unknown>>;
/** What a piece of text brought. */
export type Decoded = {
    readonly kind: 'item';
    readonly item: TestItem;
} | {
    readonly kind: 'end';
} | {
    readonly kind: 'problem';
    readonly problem: TestProblem;
};
/** Takes text piece by piece and gives what it completes. */
export interface ItemDecoder {
    push(text: string): readonly Decoded[];
    /** A clean end: throws when something is left unfinished. */
    end(): readonly Decoded[];
}
/** @throws {TypeError} for a content type that has no items. */
export declare function createItemDecoder(status: number, contentType: string): ItemDecoder;
//# sourceMappingURL=item.d.ts.map