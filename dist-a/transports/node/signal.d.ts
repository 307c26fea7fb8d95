import type { Application } from '../../core/app.ts';
/**
 * Closes the app at the first SIGTERM or SIGINT and then ends the process: 0 when everything ended in
 * order, 1 when it did not, or when a second signal forced it.
 *
 * @returns a function that takes the app out again.
 */
export declare function closeOnSignals(app: Application): () => void;
//# sourceMappingURL=signal.d.ts.map