import Negotiator from 'negotiator';
/**
 * Picks a media type by an `Accept` field (RFC 9110 section 12.5.1).
 *
 * @param accept the field's value; `undefined` accepts everything.
 * @param offers essences in the server's order of preference.
 * @returns the index of the best offer, or -1 when none is acceptable.
 */
export function negotiateMediaType(accept, offers) {
    if (accept === undefined)
        return offers.length === 0 ? -1 : 0;
    const best = new Negotiator({ headers: { accept } }).mediaType([...offers]);
    return best === undefined ? -1 : offers.indexOf(best);
}
//# sourceMappingURL=negotiation.js.map