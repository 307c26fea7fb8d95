import type { Context } from './context.ts';
import type { InputOptions } from './input.ts';
import type { Logger } from './logger.ts';
/**
 * How long an instance lives:
 * - `request` (default): until the body has ended, one instance per request;
 * - `handler`: until the handler has finished its own work (a generator: until it has ended);
 * - `app`: from first use to shutdown, one instance in all.
 */
export type DependencyScope = 'request' | 'handler' | 'app';
/** Dependencies by the names under which they appear in the context. */
export type Uses = Readonly<Record<string, Dependency<unknown>>>;
/** The values of dependencies, by the same names. */
export type Provided<U> = {
    readonly [K in keyof U]: U[K] extends Dependency<infer T> ? T : never;
};
/** What `use` of some options provides. */
export type UsesOf<O> = O extends {
    readonly use: infer U;
} ? U : unknown;
export interface DependencyOptions extends InputOptions {
    /** Default `request`. */
    readonly scope?: DependencyScope;
    /** Dependencies of this dependency. */
    readonly use?: Uses;
}
/** Something a handler needs, declared once: made before the handler runs, released when its scope ends. */
export interface Dependency<out T> {
    readonly scope: DependencyScope;
    readonly options: DependencyOptions;
    /** Makes the value: a function, or a generator that yields it once and cleans up after the yield. */
    readonly create: (context: never) => unknown;
    /** Carries the value's type; never present. */
    readonly '~value'?: T;
}
/** What a dependency of scope `app` sees: there is no request. */
export interface AppContext {
    readonly log: Logger;
}
type DependencyContext<O> = (O extends {
    readonly scope: 'app';
} ? AppContext : Context<string, O>) & Provided<UsesOf<O>>;
/** The value that a dependency's function stands for. */
type ValueOf<R> = R extends AsyncGenerator<infer T, unknown, unknown> ? T : R extends Generator<infer T, unknown, unknown> ? T : Awaited<R>;
/**
 * Declares a dependency: a function that returns a value, or a generator that yields it and cleans
 * up afterwards. When the request did not end well, the error (or the reason it was cancelled for)
 * is thrown at the `yield`, so that `try`/`catch`/`finally` there decides between commit and rollback.
 *
 * @example
 * const db = dependency(async function* () {
 *   const client = await pool.connect()
 *   try { yield client } finally { client.release() }
 * })
 */
export declare function dependency<R>(create: (context: Context) => R): Dependency<ValueOf<R>>;
export declare function dependency<const O extends DependencyOptions, R>(options: O, create: (context: DependencyContext<O>) => R): Dependency<ValueOf<R>>;
export {};
//# sourceMappingURL=dependency.d.ts.map