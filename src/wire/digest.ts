/** Digests of what is sent (RFC 9530). */

/** The algorithms for use against whoever may want to deceive. */
export type DigestAlgorithm = 'sha-256' | 'sha-512'

/** One member of a `Want-` dictionary: an algorithm, and how much it is liked, from 0 (not at all) to 10. */
const WANT = /^[ \t]*([a-z*][a-z0-9_.*-]*)[ \t]*(?:=[ \t]*(\d{1,2})[ \t]*)?$/

/**
 * The algorithm that a `Want-Repr-Digest` or `Want-Content-Digest` likes best of those we have.
 *
 * @returns undefined when it wants none of them.
 */
export function wantedDigest(field: string | undefined): DigestAlgorithm | undefined {
  let best: DigestAlgorithm | undefined
  let bestWeight = 0
  for (const member of field?.split(',') ?? []) {
    const [, algorithm, weight = '1'] = WANT.exec(member) ?? []
    if ((algorithm !== 'sha-256' && algorithm !== 'sha-512') || Number(weight) > 10) continue
    if (Number(weight) > bestWeight) [best, bestWeight] = [algorithm, Number(weight)]
  }
  return best
}

/** A digest as a field has it: bytes as a structured field writes them. */
export function formatDigest(algorithm: DigestAlgorithm, digest: Uint8Array): string {
  return `${algorithm}=:${btoa(String.fromCharCode(...digest))}:`
}
