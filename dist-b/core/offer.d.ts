import type { Exchange } from './exchange.ts';
import type { Format } from './format.ts';
import { Reply } from './reply.ts';
/** The head of a stream in a format: also all that a HEAD request needs. */
export declare function streamHead(offer: Offer, offered: readonly Format[], status: number | undefined): Reply;
/** A format under one of the media types it goes by. */
export interface Offer {
    readonly format: Format;
    readonly contentType: string;
}
/** @throws {HttpError} 406 when the client accepts none of several formats. */
export declare function negotiate(formats: readonly Format[], exchange: Exchange): Offer;
//# sourceMappingURL=offer.d.ts.map