import type { Uses } from './dependency.ts';
import { type Exchange } from './exchange.ts';
type Values = Record<string, unknown>;
/** @throws {UsageError} when a dependency would hide a part of the context. */
export declare function assertUses(uses: Uses, owner: string): void;
/**
 * Makes the instances that `uses` names, one after another in the order they are written, so that a
 * guard in front keeps the work behind it from starting. Synchronous as long as they are.
 */
export declare function provide(exchange: Exchange, uses: Uses, values: Values): void | Promise<void>;
export {};
//# sourceMappingURL=provide.d.ts.map