/** A contact: a peer's identifier and the ways to reach it. Written `id@way[+way...]`. */

import type { Identifier } from './identifier.ts'

/** `host:port`, IPv6 in brackets. Later kinds of way carry a prefix of their own. */
export type Way = string

export interface Contact {
  readonly id: Identifier
  /** At least one, best first. */
  readonly ways: readonly Way[]
}

/** Both can be reached at the same place, at least by one of their ways. */
export function sharesWay(a: Contact, b: Contact): boolean {
  // nearly always by the first: each datagram asks
  return (a.ways[0] !== undefined && a.ways[0] === b.ways[0]) || a.ways.some((way) => b.ways.includes(way))
}
