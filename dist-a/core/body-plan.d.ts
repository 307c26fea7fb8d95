import type { InputIssue } from './error.ts';
import type { Exchange } from './exchange.ts';
import type { Format } from './format.ts';
import { type Schema } from './schema.ts';
/** Reads and validates the body a route declared; adds to `issues` what does not pass. */
export type BodyPlan = (exchange: Exchange, issues: InputIssue[], inputs: {
    body?: unknown;
}) => Promise<void>;
/** Decides once, when the app starts, how a route reads its body. */
export declare function planBody(declared: Schema | Format | undefined): BodyPlan | undefined;
//# sourceMappingURL=body-plan.d.ts.map