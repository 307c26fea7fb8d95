import type { InputIssue } from './error.ts';
import { type Schema } from './schema.ts';
/** The inputs of a request that a route or a dependency has schemas for, the body excepted. */
export interface InputOptions {
    /** Path parameters, as strings. Coerce in the schema. */
    readonly params?: Schema;
    /** The query: strings, and lists of strings where a key is repeated. Coerce in the schema. */
    readonly query?: Schema;
    /** Headers by lower-case name. */
    readonly headers?: Schema;
    /** Cookies by name. */
    readonly cookies?: Schema;
}
declare const PLACES: readonly ['params', 'query', 'headers', 'cookies'];
type Place = (typeof PLACES)[number];
/** Whether there is anything to validate. */
export declare function hasInputs(options: InputOptions): boolean;
/** The validated inputs, in a mutable box until they are handed over. */
export type Inputs = Partial<Record<Place, unknown>>;
/**
 * Validates every declared input and collects the issues of all of them, so that a client learns
 * everything that is wrong at once. Synchronous where the validators are.
 */
export declare function readInputs(raw: Readonly<Record<Place, unknown>>, options: InputOptions, found: InputIssue[], inputs: Inputs): void | Promise<void>;
/** Throws the 422 if there is anything to tell. */
export declare function assertNoIssues(found: readonly InputIssue[]): void;
export {};
//# sourceMappingURL=input.d.ts.map