/** The cleanups of dependencies of one scope. */
export class ReleaseList {
    #held = [];
    /** @param name the name under which the dependency is used. */
    add(name, release) {
        this.#held.push({ name, release });
    }
    /** Of those that have not been released, or whose release is under way. */
    get names() {
        return this.#held.map(({ name }) => name);
    }
    /** Releases all of them, the last one first; also those that are added meanwhile. */
    async run(failure, guard) {
        for (let last = this.#held.at(-1); last !== undefined; last = this.#held.at(-1)) {
            const { name, release } = last;
            await guard(`Release of dependency "${name}"`, () => release(failure()));
            this.#held.splice(this.#held.indexOf(last), 1);
        }
    }
}
//# sourceMappingURL=release.js.map