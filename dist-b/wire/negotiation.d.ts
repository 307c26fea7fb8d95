/**
 * Picks a media type by an `Accept` field (RFC 9110 section 12.5.1).
 *
 * @param accept the field's value; `undefined` accepts everything.
 * @param offers essences in the server's order of preference.
 * @returns the index of the best offer, or -1 when none is acceptable.
 */
export declare function negotiateMediaType(accept: string | undefined, offers: readonly string[]): number;
//# sourceMappingURL=negotiation.d.ts.map