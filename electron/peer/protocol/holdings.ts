/** What a machine holds of a name. */

/**
 * Contents and the Unix ms of their last check, each content once; 0 = not held. Pairs and no object with the hashes as its keys: V8 would
 * keep a description for each set of keys that it ever saw.
 */
export type Holdings = readonly (readonly [sha256: string, verifiedAt: number])[]

/** Unix ms of the last check of a content that is held, else 0. */
export function verifiedAtOf(holdings: Holdings, sha256: string): number {
  for (const [held, verifiedAt] of holdings) if (held === sha256) return verifiedAt
  return 0
}

/** `holdings` with one more content, or a newer check of one. */
export function withHolding(holdings: Holdings, sha256: string, verifiedAt: number): Holdings {
  return [...holdings.filter(([held]) => held !== sha256), [sha256, verifiedAt]]
}

export function sameHoldings(a: Holdings, b: Holdings): boolean {
  return a === b || (a.length === b.length && a.every(([sha256, verifiedAt]) => verifiedAtOf(b, sha256) === verifiedAt))
}
