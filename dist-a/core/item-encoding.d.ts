import type { Exchange } from './exchange.ts';
import { type Format } from './format.ts';
import type { Encoding } from './source.ts';
/**
 * The encoding of one stream of a format: items validated one by one, marks and last words as the
 * format and the client want them.
 */
export declare function itemEncoding(format: Format, exchange: Exchange): Encoding;
//# sourceMappingURL=item-encoding.d.ts.map