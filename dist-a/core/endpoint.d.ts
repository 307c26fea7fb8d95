import type { Registered } from './match.ts';
import { type Answer } from './pipeline.ts';
import type { AnyRoute, RouteLimits } from './route.ts';
import { type RouteGroup } from './router.ts';
/** What answers at one method and path. */
export interface Endpoint {
    readonly answer: Answer;
    /** What the route says of its limits; undefined for mounts. */
    readonly limits: RouteLimits | undefined;
    /** Undefined for mounts. */
    readonly route: AnyRoute | undefined;
}
/** The endpoints of an app, in order of declaration. Its own middleware is left to the dispatcher. */
export declare function flatten(app: RouteGroup): Registered<Endpoint>[];
/** A web stream that pulls from an async iterable, one piece at a time. */
export declare function toWebStream(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>>;
//# sourceMappingURL=endpoint.d.ts.map