/**
 * The default logger: one JSON line per entry on standard error, warnings and errors only, so that
 * a program's own output stays its own.
 */
export const consoleLogger = {
    debug: () => { },
    info: () => { },
    warn: (fields, message) => writeLine('warn', fields, message),
    error: (fields, message) => writeLine('error', fields, message),
};
/** A logger that cannot fail: what goes wrong in `log` is told on standard error, and no request suffers. */
export function steadyLogger(log) {
    const at = (level) => (fields, message) => {
        try {
            log[level](fields, message);
        }
        catch {
            console.error(`The logger failed at ${level}: ${message}`);
        }
    };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
function writeLine(level, fields, message) {
    const entry = { time: new Date().toISOString(), level, message };
    let line;
    try {
        line = JSON.stringify({ ...entry, ...fields }, (_key, value) => value instanceof Error ? describeError(value) : value);
    }
    catch (error) {
        // Fields that cannot be written (a cycle, a BigInt) must not turn a log line into a crash.
        line = JSON.stringify({ ...entry, unwritable: String(error) });
    }
    console.error(line);
}
function describeError(error) {
    return {
        name: error.name,
        message: error.message,
        stack: error.stack,
        ...(error.cause === undefined ? undefined : { cause: error.cause }),
    };
}
//# sourceMappingURL=logger.js.map