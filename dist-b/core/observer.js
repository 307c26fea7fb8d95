/** Tells an observer something; what it throws is logged and goes no further. */
export function observe(log, tell) {
    try {
        tell();
    }
    catch (error) {
        log.error({ err: error }, 'An observer failed');
    }
}
//# sourceMappingURL=observer.js.map