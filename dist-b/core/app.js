import { DEFAULT_BODY_LIMIT } from './body.js';
import { systemClock } from './clock.js';
import { Dispatcher } from './dispatch.js';
import { UsageError } from './error.js';
import { consoleLogger, steadyLogger } from './logger.js';
import { Router } from './router.js';
import { TaskTracker } from './task.js';
import { DEFAULT_TIMEOUTS } from './timeout.js';
/**
 * The model of an app: routes, and `handle`, which answers one request. It knows no transport; the
 * `App` of the front door adds those.
 */
export class Application extends Router {
    title;
    version;
    engine;
    #lifespan;
    #errorHandlers = [];
    #backgroundMs;
    #ready = false;
    #life;
    #started;
    #stopping;
    #dispatcher;
    constructor(options, inferFormat) {
        super(options);
        const log = steadyLogger(options.log ?? consoleLogger);
        this.title = options.title ?? 'Millrace';
        this.version = options.version ?? '0.0.0';
        this.#lifespan = options.lifespan;
        this.#backgroundMs = options.backgroundMs ?? 10_000;
        this.engine = {
            log,
            clock: options.clock ?? systemClock,
            tasks: new TaskTracker(log, options.clock ?? systemClock),
            observers: options.observers ?? [],
            bodyLimit: options.bodyLimit ?? DEFAULT_BODY_LIMIT,
            timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
            finishing: new Set(),
            ledger: undefined,
            unwindMs: options.unwindMs ?? 5000,
            overrides: new Map(),
            shared: new Map(),
            sharedReleases: [],
            inferFormat,
        };
    }
    /** Every route with its full path. Reading it ends registration. */
    get routes() {
        return this.#dispatch().routes;
    }
    /** Answers errors your own way: the first handler that returns a reply wins. */
    onError(handler) {
        if (this.#dispatcher !== undefined)
            throw new UsageError('onError was called after the app had started.');
        this.#errorHandlers.push(handler);
    }
    /**
     * Replaces a dependency, for tests.
     *
     * @returns a function that puts it back.
     */
    override(dependency, replacement) {
        this.engine.overrides.set(dependency, replacement);
        return () => this.engine.overrides.delete(dependency);
    }
    /**
     * Ends registration and builds the route table.
     *
     * @throws {UsageError} for duplicate routes and other mistakes, naming the places.
     */
    freeze() {
        this.#dispatch();
    }
    #dispatch() {
        if (this.#dispatcher === undefined) {
            this.#dispatcher = new Dispatcher(this.engine, this, this.#errorHandlers);
            super.freeze();
        }
        return this.#dispatcher;
    }
    /** Freezes and runs the lifespan up to its yield. Idempotent; rejects when start-up fails. */
    start() {
        return (this.#started ??= this.#start());
    }
    async #start() {
        this.freeze();
        await this.#openLife();
        this.#ready = true;
    }
    async #openLife() {
        if (this.#lifespan === undefined)
            return;
        this.#life = this.#lifespan();
        const first = await this.#life.next();
        if (first.done === true)
            throw new UsageError('The lifespan ended without a yield. Yield once, when the app is ready.');
    }
    /** Whether the app has started and is not shutting down: what a readiness probe asks. */
    get ready() {
        return this.#ready;
    }
    /** Readiness turns false, so that load balancers look elsewhere while running requests end. */
    retire() {
        this.#ready = false;
    }
    /** Background work may finish, but not for ever. */
    async #drain() {
        const { tasks, clock, finishing, log } = this.engine;
        if (await tasks.drained(this.#backgroundMs, clock))
            return;
        for (const cancellation of finishing)
            cancellation.giveUp();
        if (await tasks.drained(this.engine.unwindMs, clock))
            return;
        log.warn({ running: tasks.running }, 'Background work was abandoned at shutdown. Raise `backgroundMs`, or let it end.');
    }
    /** Waits for background work, releases what has scope `app`, and runs the lifespan to its end. */
    stop() {
        this.#ready = false;
        return (this.#stopping ??= this.#stop().finally(() => {
            this.#stopping = undefined;
        }));
    }
    async #stop() {
        await this.#drain();
        for (const release of this.engine.sharedReleases.splice(0).reverse()) {
            try {
                await release(undefined);
            }
            catch (error) {
                this.engine.log.error({ err: error }, 'Release of a dependency failed');
            }
        }
        this.engine.shared.clear();
        const life = this.#life;
        this.#life = undefined;
        this.#started = undefined;
        if (life !== undefined)
            await life.next();
    }
    /**
     * Answers one request. Never throws and never rejects: what goes wrong becomes a reply.
     * Synchronous when everything on the way is.
     */
    handle(incoming) {
        return this.#dispatch().handle(incoming);
    }
}
//# sourceMappingURL=app.js.map