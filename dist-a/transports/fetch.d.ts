/** Millrace as a fetch handler: `Request` in, `Response` out, for Bun, Deno, workers and tests. */
import type { Application } from '../core/app.ts';
/** Answers one request. Never rejects. */
export declare function answerFetch(app: Application, request: Request): Promise<Response>;
//# sourceMappingURL=fetch.d.ts.map