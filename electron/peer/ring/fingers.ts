/**
 * Which contacts a table above its cap keeps (ring.md 5): the neighbours, the best live contact in each of 16 slots per octave
 * of distance, and 64 pinned ones, the dead among them. A view within its cap keeps everybody.
 */

import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import type { Core } from './core.ts'
import { type Entry, isLive } from './membership.ts'
import { counts } from './timing.ts'

/** Number of the slot of a distance: its octave and, within it, the next four bits. */
export function fingerSlot(distance: bigint): number {
  const bits = distance.toString(2)
  const octave = bits.length - 1
  const within = Number.parseInt(bits.slice(1, 5).padEnd(4, '0'), 2)
  return octave * counts.fingersPerOctave + within
}

/** Best contact of each slot: the live one with the shortest round trip, else the one known first. */
export function fingersOf(space: IdentifierSpace, self: Identifier, ranked: readonly Entry[]): Map<number, Entry> {
  const fingers = new Map<number, Entry>()
  for (const entry of ranked) {
    const slot = fingerSlot(space.distance(self, entry.contact.id))
    if (!fingers.has(slot)) fingers.set(slot, entry)
  }
  return fingers
}

/** Removes from a table above its cap what is neither neighbour nor finger nor pinned. */
export function prune(core: Core): void {
  const { table, parameters, neighbours } = core
  if (table.size <= parameters.viewCap) return
  const keep = new Set(neighbours.all().map((contact) => contact.id))
  const ranked = [...table.all()].sort((a, b) => rank(core, a) - rank(core, b))
  if (parameters.viewCap > 0) {
    const live = ranked.filter((entry) => isLive(entry.state))
    for (const entry of fingersOf(core.space, core.self.id, live).values()) keep.add(entry.contact.id)
  }
  let pinned = 0
  for (const { contact, state } of ranked) {
    // those that died are pinned in every ring: a lost half is found again through them
    const mayPin = parameters.viewCap > 0 || state === 'dead'
    if (!keep.has(contact.id) && mayPin && pinned++ < counts.pinned) keep.add(contact.id)
  }
  for (const { contact } of ranked) {
    if (keep.has(contact.id)) continue
    table.remove(contact.id)
    core.roundTrips.forget(contact.id)
  }
}

function rank(core: Core, entry: Entry): number {
  return core.roundTrips.of(entry.contact.id) ?? Number.MAX_SAFE_INTEGER
}
