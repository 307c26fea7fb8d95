import type { Send } from './memory.ts';
/** @param origin for example `http://127.0.0.1:8000`. */
export declare function httpSender(origin: string): Send;
//# sourceMappingURL=http.d.ts.map