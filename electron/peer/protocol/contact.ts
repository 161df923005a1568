/** A contact: a peer's identifier and the ways to reach it. Written `id@way[+way...]`. */

import type { Identifier } from './identifier.ts'

/** `host:port`, IPv6 in brackets. Later kinds of way carry a prefix of their own. */
export type Way = string

export interface Contact {
  readonly id: Identifier
  /** At least one, best first. */
  readonly ways: readonly Way[]
}
