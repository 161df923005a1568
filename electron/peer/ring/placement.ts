/** Where keys belong, by this peer's own knowledge: the first live peer at or after the key, and those after it. */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Core } from './core.ts'
import { around, firstAtOrAfter, inArc } from './interval.ts'

interface LivePeers {
  readonly ids: readonly Identifier[]
  /** Of table and neighbours, when the list was made. */
  readonly tableChanges: number
  readonly neighbourChanges: number
}

/** Made once until a member or neighbour changes: every look-up and every file of a round of repair asks. */
const made = new WeakMap<Core, LivePeers>()

/** Ids of all peers known to be live, self among them, sorted. */
export function livePeers(core: Core): readonly Identifier[] {
  const { table, neighbours } = core
  const known = made.get(core)
  if (known?.tableChanges === table.changes && known.neighbourChanges === neighbours.changes) return known.ids
  const ids = [...table.liveIds()]
  ids.splice(firstAtOrAfter(ids, core.self.id), 0, core.self.id)
  // successors given by hand count before they are heard
  for (const { id } of neighbours.all()) if (table.get(id) === undefined) ids.splice(firstAtOrAfter(ids, id), 0, id)
  made.set(core, { ids, tableChanges: table.changes, neighbourChanges: neighbours.changes })
  return ids
}

/** Contacts of the owner and the peers after it, at most `count`, each once. */
export function replicaSet(core: Core, key: Identifier, count: number): Contact[] {
  const ids = livePeers(core)
  const first = firstAtOrAfter(ids, key)
  const contacts: Contact[] = []
  for (let i = 0; i < Math.min(count, ids.length); i++) {
    const contact = core.contact(around(ids, first + i) as Identifier)
    if (contact) contacts.push(contact)
  }
  return contacts
}

/** Live peers before `key` or on it, nearest first, at most `count`, self left out. */
export function closestPreceding(core: Core, key: Identifier, count: number): Contact[] {
  const ids = livePeers(core)
  const first = firstAtOrAfter(ids, key)
  const start = ids[first] === key ? first : first - 1
  const contacts: Contact[] = []
  for (let i = 0; i < ids.length && contacts.length < count; i++) {
    const id = around(ids, start - i) as Identifier
    const contact = id === core.self.id ? null : core.contact(id)
    if (contact) contacts.push(contact)
  }
  return contacts
}

/** The key lies in (predecessor, self]. A ring of one owns every key; a peer that does not know its predecessor yet, none. */
export function isMine(core: Core, key: Identifier): boolean {
  const { predecessor, head } = core.neighbours
  return predecessor ? inArc(predecessor.id, key, core.self.id) : head === null
}

/** Share of the ring that a table must hold to pass for whole: the estimate of the ring's size errs by a quarter (one sigma). */
const wholeShare = 1 / 3

/**
 * Whether the first live peer known at or after `key` is likely its owner: the key lies among the successors, who are known without
 * a gap, or everywhere, when the table holds about as many as there are by the successors' density. A table that was cut above its
 * cap knows few far away, and the first of them after a key lies far beyond the owner.
 */
export function knowsOwner(core: Core, key: Identifier): boolean {
  const { self, space, table, neighbours } = core
  const { successors, maxLength } = neighbours
  const last = successors.at(-1)
  if (!last || successors.length < maxLength || inArc(self.id, key, last.id)) return true
  const arc = space.position(last.id) - space.position(self.id)
  const ringSize = successors.length / (arc > 0 ? arc : arc + 1)
  return table.liveIds().length >= wholeShare * ringSize
}
