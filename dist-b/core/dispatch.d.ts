import type { Context } from './context.ts';
import type { Engine } from './engine.ts';
import type { Incoming } from './incoming.ts';
import { Reply } from './reply.ts';
import type { AnyRoute } from './route.ts';
import type { RouteGroup } from './router.ts';
/** Decides how an error is answered; returns undefined to leave it to the next handler. */
export type ErrorHandler = (error: unknown, context: Context) => Reply | undefined | Promise<Reply | undefined>;
/** Answers requests of a started app: match, middleware, route, errors, final touches. */
export declare class Dispatcher {
    #private;
    readonly routes: readonly AnyRoute[];
    constructor(engine: Engine, app: RouteGroup, errorHandlers: readonly ErrorHandler[]);
    handle(incoming: Incoming): Reply | Promise<Reply>;
}
//# sourceMappingURL=dispatch.d.ts.map