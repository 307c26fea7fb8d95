const KINDS = ['stall', 'total', 'age', 'idle', 'heartbeat'];
export class StreamWatch {
    #clock;
    #rules;
    #onDue;
    #startedAt;
    #itemAt;
    #writeAt;
    #blockedAt;
    #cancelTimer;
    #stopped = false;
    /** @returns undefined when no rule applies, so that nothing has to be paid for. */
    static start(clock, rules, onDue) {
        return KINDS.some((kind) => isSet(rules[kind])) ? new StreamWatch(clock, rules, onDue) : undefined;
    }
    constructor(clock, rules, onDue) {
        this.#clock = clock;
        this.#rules = rules;
        this.#onDue = onDue;
        this.#startedAt = this.#itemAt = this.#writeAt = clock.now();
        this.#arm();
    }
    /** Items were written. */
    wrote() {
        this.#itemAt = this.#writeAt = this.#clock.now();
    }
    /** The sink became full. */
    blocked() {
        this.#blockedAt = this.#clock.now();
    }
    /** The sink takes more again; the time it was full is not the source's. */
    resumed() {
        this.#blockedAt = undefined;
        this.#itemAt = this.#clock.now();
    }
    stop() {
        this.#stopped = true;
        this.#cancelTimer?.();
    }
    /** When something is due, Infinity while it cannot be. */
    #dueAt(kind) {
        const ms = this.#rules[kind];
        if (!isSet(ms))
            return Infinity;
        if (kind === 'age' || kind === 'total')
            return this.#startedAt + ms;
        if (kind === 'stall')
            return (this.#blockedAt ?? Infinity) + ms;
        if (this.#blockedAt !== undefined)
            return Infinity;
        return (kind === 'idle' ? this.#itemAt : this.#writeAt) + ms;
    }
    #arm() {
        const now = this.#clock.now();
        let wait = Infinity;
        for (const kind of KINDS) {
            const ms = this.#rules[kind];
            // What cannot be due at the moment may become so, at the earliest its whole time from now.
            if (isSet(ms))
                wait = Math.min(wait, Math.min(this.#dueAt(kind), now + ms) - now);
        }
        this.#cancelTimer = this.#clock.after(Math.max(1, Math.ceil(wait)), this.#onTimer);
    }
    #onTimer = () => {
        const now = this.#clock.now();
        for (const kind of KINDS) {
            // A timer may fire a fraction of a millisecond early.
            if (this.#stopped || this.#dueAt(kind) > now + 1)
                continue;
            if (kind === 'heartbeat')
                this.#writeAt = now;
            this.#onDue(kind);
        }
        if (!this.#stopped)
            this.#arm();
    };
}
function isSet(ms) {
    return ms !== undefined && ms > 0 && ms !== Infinity;
}
//# sourceMappingURL=watch.js.map