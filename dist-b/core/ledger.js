/** After so many new entries, those that are over are forgotten. */
const SWEEP_AFTER = 256;
/** The requests that outlive the call that answers them: asynchronous ones, streams, files, cleanups. */
export class Ledger {
    #entries = new Set();
    #added = 0;
    /** Told of cleanups that fail; they are logged all the same. */
    onCleanupFailed = undefined;
    add(entry) {
        this.#entries.add(entry);
        if (++this.#added % SWEEP_AFTER === 0)
            this.#sweep();
    }
    /** The requests of which something is open. */
    get open() {
        this.#sweep();
        return [...this.#entries];
    }
    #sweep() {
        for (const entry of this.#entries)
            if (entry.open.length === 0)
                this.#entries.delete(entry);
    }
}
//# sourceMappingURL=ledger.js.map