import { HttpError } from './error.js';
import { isThenable } from './thenable.js';
/** Whether a value is a Standard Schema. Some validators' schemas are functions (arktype). */
export function isSchema(value) {
    return value !== null && (typeof value === 'object' || typeof value === 'function') && '~standard' in value;
}
/** A value that did not pass its schema, on our side of the wire: a bug in the app, not in the request. */
export class SchemaMismatch extends Error {
    name = 'SchemaMismatch';
    issues;
    constructor(what, issues) {
        super(`${what} does not match its schema: ${issues.map(describeIssue).join('; ')}`);
        this.issues = issues;
    }
}
/** One issue in one line: `query.limit: expected number`. */
export function describeIssue(issue) {
    return `${[issue.in, ...issue.path].join('.')}: ${issue.detail}`;
}
/** Adds the place of the input to a schema's issues. */
export function placeIssues(place, issues) {
    return issues.map((issue) => ({
        in: place,
        path: (issue.path ?? []).map((segment) => {
            const key = typeof segment === 'object' ? segment.key : segment;
            return typeof key === 'number' ? key : String(key);
        }),
        detail: issue.message,
    }));
}
/**
 * Runs a schema. What it gives later, in whatever kind of promise, comes as a promise: taken for a
 * result it would pass, since it has no issues.
 */
export function runSchema(schema, value) {
    const result = schema['~standard'].validate(value);
    return result instanceof Promise || !isThenable(result) ? result : Promise.resolve(result);
}
/**
 * Validates without an `await` where the validator is synchronous: that is the common case and the
 * fast path.
 *
 * @throws whatever `fail` makes of the issues (or rejects with it).
 */
export function validate(schema, value, fail) {
    const result = runSchema(schema, value);
    return result instanceof Promise ? result.then((settled) => accept(settled, fail)) : accept(result, fail);
}
function accept(result, fail) {
    if (result.issues !== undefined)
        throw fail(result.issues);
    return result.value;
}
/** The 422 of inputs that did not pass, with every issue and its place. */
export function validationFailed(issues) {
    const noun = issues.length === 1 ? '1 problem' : `${issues.length} problems`;
    return new HttpError('VALIDATION_FAILED', {
        detail: `The request has ${noun}; see "errors".`,
        errors: issues,
    });
}
//# sourceMappingURL=schema.js.map