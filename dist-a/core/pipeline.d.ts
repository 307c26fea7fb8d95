import type { BodyPlan } from './body-plan.ts';
import type { Uses } from './dependency.ts';
import type { Exchange } from './exchange.ts';
import { type InputOptions } from './input.ts';
import { Reply } from './reply.ts';
import type { Middleware } from './route.ts';
/** Answers a request that was matched. Synchronous as long as everything in it is. */
export type Answer = (exchange: Exchange) => Reply | Promise<Reply>;
/** Goes on with a value now, or when its promise has settled. */
export declare function chain<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R>;
/** Composes middleware around an answer, once, when the app starts. The first one is outermost. */
export declare function compose(middleware: readonly Middleware[], answer: Answer): Answer;
/** What stands between the match and the handler. */
export interface Preparation {
    readonly uses: Uses;
    readonly inputs: InputOptions;
    readonly body: BodyPlan | undefined;
}
/**
 * Puts the preparation in front of an answer: dependencies first, so that a guard refuses before
 * anything is validated; then the inputs; the body last, so that nothing is read in vain.
 */
export declare function prepare({ uses, inputs, body }: Preparation, answer: Answer): Answer;
//# sourceMappingURL=pipeline.d.ts.map