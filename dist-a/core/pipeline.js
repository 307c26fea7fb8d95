import { assertNoIssues, hasInputs, readInputs } from './input.js';
import { provide } from './provide.js';
import { Reply } from './reply.js';
/** Goes on with a value now, or when its promise has settled. */
export function chain(value, next) {
    return value instanceof Promise ? value.then(next) : next(value);
}
/** Composes middleware around an answer, once, when the app starts. The first one is outermost. */
export function compose(middleware, answer) {
    return middleware.reduceRight((inner, current) => wrap(current, inner), answer);
}
function wrap(middleware, inner) {
    const name = middleware.name === '' ? 'A middleware' : `Middleware "${middleware.name}"`;
    return (exchange) => {
        let called = false;
        const next = async () => {
            if (called)
                throw new Error(`${name} called next() twice.`);
            called = true;
            return inner(exchange);
        };
        return chain(middleware(exchange, next), (reply) => {
            if (reply instanceof Reply)
                return reply;
            throw new TypeError(`${name} returned no reply. Return what next() resolves to, or a reply.* of your own.`);
        });
    };
}
/**
 * Puts the preparation in front of an answer: dependencies first, so that a guard refuses before
 * anything is validated; then the inputs; the body last, so that nothing is read in vain.
 */
export function prepare({ uses, inputs, body }, answer) {
    const hasUses = Object.keys(uses).length > 0;
    const validated = hasInputs(inputs) || body !== undefined ? withInputs(inputs, body, answer) : answer;
    if (!hasUses)
        return validated;
    return (exchange) => proceed(exchange, provide(exchange, uses, exchange), validated);
}
/**
 * Goes on as long as somebody wants the answer. A handler that begins after its client has left would
 * wait for a signal that has been given already, and many do not look.
 */
function proceed(exchange, prepared, next) {
    if (prepared === undefined)
        return next(exchange);
    return prepared.then(() => {
        const { error } = exchange.cancellation;
        if (error !== undefined)
            throw error;
        return next(exchange);
    });
}
function withInputs(options, body, answer) {
    return (exchange) => {
        const issues = [];
        const inputs = {};
        const accept = () => {
            assertNoIssues(issues);
            exchange.accept(inputs);
            return answer(exchange);
        };
        const done = readInputs(exchange, options, issues, inputs);
        if (body === undefined)
            return proceed(exchange, done, accept);
        return chain(done, () => proceed(exchange, body(exchange, issues, inputs), accept));
    };
}
//# sourceMappingURL=pipeline.js.map