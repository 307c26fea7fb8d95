/** What Millrace logs to. A pino logger fits as it is. */
export interface Logger {
    debug(fields: object, message: string): void;
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
}
/**
 * The default logger: one JSON line per entry on standard error, warnings and errors only, so that
 * a program's own output stays its own.
 */
export declare const consoleLogger: Logger;
/** A logger that cannot fail: what goes wrong in `log` is told on standard error, and no request suffers. */
export declare function steadyLogger(log: Logger): Logger;
//# sourceMappingURL=logger.d.ts.map