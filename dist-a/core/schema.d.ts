import { HttpError, type InputIssue } from './error.ts';
/**
 * Any validator that speaks Standard Schema 1 (https://standardschema.dev): zod, valibot, arktype
 * and others. The interface is copied from the specification, as it asks to be.
 */
export interface Schema<Input = unknown, Output = Input> {
    readonly '~standard': {
        readonly version: 1;
        readonly vendor: string;
        readonly types?: {
            readonly input: Input;
            readonly output: Output;
        } | undefined;
        readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    };
}
export type SchemaResult<Output> = {
    readonly value: Output;
    readonly issues?: undefined;
} | {
    readonly issues: readonly SchemaIssue[];
};
export interface SchemaIssue {
    readonly message: string;
    readonly path?: readonly (PropertyKey | {
        readonly key: PropertyKey;
    })[] | undefined;
}
/** What a schema takes. */
export type SchemaInput<S extends Schema> = NonNullable<S['~standard']['types']>['input'];
/** What a schema gives. */
export type SchemaOutput<S extends Schema> = NonNullable<S['~standard']['types']>['output'];
/** Whether a value is a Standard Schema. Some validators' schemas are functions (arktype). */
export declare function isSchema(value: unknown): value is Schema;
/** A value that did not pass its schema, on our side of the wire: a bug in the app, not in the request. */
export declare class SchemaMismatch extends Error {
    readonly name = "SchemaMismatch";
    readonly issues: readonly InputIssue[];
    constructor(what: string, issues: readonly InputIssue[]);
}
/** One issue in one line: `query.limit: expected number`. */
export declare function describeIssue(issue: InputIssue): string;
/** Adds the place of the input to a schema's issues. */
export declare function placeIssues(place: string, issues: readonly SchemaIssue[]): InputIssue[];
/**
 * Runs a schema. What it gives later, in whatever kind of promise, comes as a promise: taken for a
 * result it would pass, since it has no issues.
 */
export declare function runSchema<T>(schema: Schema<unknown, T>, value: unknown): SchemaResult<T> | Promise<SchemaResult<T>>;
/**
 * Validates without an `await` where the validator is synchronous: that is the common case and the
 * fast path.
 *
 * @throws whatever `fail` makes of the issues (or rejects with it).
 */
export declare function validate<T>(schema: Schema<unknown, T>, value: unknown, fail: (issues: readonly SchemaIssue[]) => Error): T | Promise<T>;
/** The 422 of inputs that did not pass, with every issue and its place. */
export declare function validationFailed(issues: readonly InputIssue[]): HttpError;
//# sourceMappingURL=schema.d.ts.map