import { HttpError, UsageError } from './error.js';
import { isSchema, placeIssues, validationFailed } from './schema.js';
import { JsonLineDecoder } from '../wire/jsonl.js';
/** Decides once, when the app starts, how a route reads its body. */
export function planBody(declared) {
    if (declared === undefined)
        return undefined;
    if (isSchema(declared))
        return schemaPlan(declared);
    if (declared.name === 'text')
        return textPlan;
    if (declared.name === 'bytes')
        return bytesPlan(declared);
    if (declared.name === 'jsonl')
        return itemsPlan(declared);
    throw new UsageError(`A body cannot be declared as "${declared.name}". Use a schema, text, bytes(type) or jsonl(schema).`);
}
function schemaPlan(schema) {
    return async ({ rawBody }, issues, inputs) => {
        rawBody.assertFits();
        const raw = await parse(rawBody);
        const result = await schema['~standard'].validate(raw);
        if (result.issues === undefined)
            inputs.body = result.value;
        else
            issues.push(...placeIssues('body', result.issues));
    };
}
/** The media type decides how the body is read. A missing one is refused: a guess could be forged across sites. */
function parse(body) {
    const type = body.mediaType;
    if (type === 'application/json' || type?.endsWith('+json') === true)
        return body.json();
    if (type === 'application/x-www-form-urlencoded')
        return body.form();
    throw unsupported(type, 'application/json');
}
const textPlan = async ({ rawBody }, _issues, inputs) => {
    rawBody.assertFits();
    const type = rawBody.mediaType;
    if (type === undefined || !type.startsWith('text/'))
        throw unsupported(type, 'text/plain');
    inputs.body = await rawBody.text();
};
function bytesPlan(format) {
    const wanted = format.mediaTypes[0];
    return async ({ rawBody }, _issues, inputs) => {
        rawBody.assertFits();
        if (wanted !== 'application/octet-stream' && rawBody.mediaType !== wanted)
            throw unsupported(rawBody.mediaType, wanted);
        inputs.body = rawBody;
    };
}
/** The items of a JSON Lines body, each validated when it is asked for: the sender waits for the handler. */
function itemsPlan(format) {
    return async ({ rawBody, log, route }, _issues, inputs) => {
        rawBody.assertFits();
        if (!format.mediaTypes.includes(rawBody.mediaType ?? '')) {
            throw unsupported(rawBody.mediaType, format.mediaTypes[0]);
        }
        inputs.body = readItems(rawBody, format, (issues) => {
            log.warn({ route, issues }, 'An item of a request body was dropped');
        });
    };
}
async function* readItems(body, format, onDrop) {
    const decoder = new JsonLineDecoder();
    const utf8 = new TextDecoder('utf-8', { fatal: true });
    let index = 0;
    for await (const bytes of body) {
        for (const item of decode(() => decoder.push(utf8.decode(bytes, { stream: true })))) {
            const checked = await checkItem(format, item, index++, onDrop);
            if (checked !== undefined)
                yield checked.value;
        }
    }
    const last = decode(() => [decoder.end()])[0];
    if (last === undefined)
        return;
    const checked = await checkItem(format, last, index, onDrop);
    if (checked !== undefined)
        yield checked.value;
}
/** @throws {HttpError} 400 for what is not JSON Lines in UTF-8. */
function decode(read) {
    try {
        return read();
    }
    catch (error) {
        const detail = error instanceof SyntaxError || error instanceof RangeError ? error.message : 'Not valid UTF-8.';
        throw new HttpError('MALFORMED_BODY', { detail });
    }
}
/** @throws {HttpError} 422 with the item's index, unless the format says to drop it. */
async function checkItem(format, item, index, onDrop) {
    const result = await format.schema?.['~standard'].validate(item);
    if (result === undefined)
        return { value: item };
    if (result.issues === undefined)
        return { value: result.value };
    const issues = placeIssues('body', result.issues).map((issue) => ({
        ...issue,
        path: [index, ...issue.path],
    }));
    if (format.invalid === 'fail')
        throw validationFailed(issues);
    onDrop(issues);
    return undefined;
}
function unsupported(sent, wanted) {
    const detail = sent === undefined ? `Send a content-type; this route takes ${wanted}.` : `This route takes ${wanted}.`;
    return new HttpError('UNSUPPORTED_MEDIA_TYPE', { detail, headers: { accept: wanted } });
}
//# sourceMappingURL=body-plan.js.map