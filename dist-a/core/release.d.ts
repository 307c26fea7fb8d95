import type { Release } from './engine.ts';
import type { Failure } from './source.ts';
/** Runs a piece of cleanup and logs what it throws. */
type Guard = (what: string, fn: () => unknown) => Promise<unknown>;
/** The cleanups of dependencies of one scope. */
export declare class ReleaseList {
    #private;
    /** @param name the name under which the dependency is used. */
    add(name: string, release: Release): void;
    /** Of those that have not been released, or whose release is under way. */
    get names(): readonly string[];
    /** Releases all of them, the last one first; also those that are added meanwhile. */
    run(failure: () => Failure | undefined, guard: Guard): Promise<void>;
}
export {};
//# sourceMappingURL=release.d.ts.map