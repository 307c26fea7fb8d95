import { type Schema } from '../core/schema.ts';
import { type TestItem, type TestProblem } from './item.ts';
/** The items of a reply, one by one. */
export interface TestItems<T = unknown> extends AsyncIterable<TestItem<T>> {
    /**
     * The next item, undefined at a clean end.
     *
     * @throws {StreamTruncated} when the stream was cut off; its `problem` is what the stream said before.
     */
    next(): Promise<TestItem<T> | undefined>;
    /** The data of the rest; throws as `next` does. */
    all(): Promise<T[]>;
    /** Takes so many items and goes away; gives their data. Throws when the stream ends before that. */
    disconnectAfter(items: number): Promise<T[]>;
    /** Whether the stream has said itself that it is complete: by the end mark of its format. */
    readonly endMarked: boolean;
}
/** Where the items come from. */
interface Text {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
    next(): Promise<string | undefined>;
    disconnect(): void;
}
export declare class ItemReader<T> implements TestItems<T> {
    #private;
    endMarked: boolean;
    constructor(reply: Text, schema: Schema<unknown, T> | undefined, onProblem: (problem: TestProblem) => void);
    next(): Promise<TestItem<T> | undefined>;
    all(): Promise<T[]>;
    disconnectAfter(items: number): Promise<T[]>;
    [Symbol.asyncIterator](): AsyncGenerator<TestItem<T>, void, undefined>;
}
export {};
//# sourceMappingURL=item-reader.d.ts.map