/** What must hold: after quiescence the ideal ring, and in strict runs Zave's invariant at every moment. Each answers with what is wrong. */

import type { Contact } from '../../electron/peer/protocol/contact.ts'
import type { Identifier } from '../../electron/peer/protocol/identifier.ts'
import { between } from '../../electron/peer/ring/interval.ts'
import type { SimulatedPeer, Simulator } from './simulator.ts'

/** The ideal ring: every live peer has exactly its next min(r, N-1) as successors, the one before as predecessor, and the right view. */
export function findFlawInIdealRing(simulator: Pick<Simulator, 'livePeers' | 'parameters' | 'space'>): string | null {
  const peers = simulator.livePeers
  const { parameters, space } = simulator
  const ids = peers.map((peer) => peer.contact.id)
  const length = Math.min(parameters.successors, ids.length - 1)
  const show = (list: readonly (Identifier | undefined)[]) => list.map((id) => (id ? shorten(space.format(id)) : 'none')).join(',')
  for (const [index, { contact, ring }] of peers.entries()) {
    const who = shorten(space.format(contact.id))
    if (!ring.isMember) return `${who} is not a member`
    const expected = Array.from({ length }, (_, offset) => ids[(index + 1 + offset) % ids.length])
    const actual = ring.successors.map((successor) => successor.id)
    if (expected.join() !== actual.join()) return `${who} has successors ${show(actual)} instead of ${show(expected)}`
    const before = ids.length > 1 ? ids.at(index - 1) : undefined
    if (ring.predecessor?.id !== before) return `${who} has predecessor ${show([ring.predecessor?.id])} instead of ${show([before])}`
    if (parameters.viewCap < ids.length) continue
    const view = ring.members().filter((member) => member.state === 'alive' || member.state === 'suspect')
    const viewed = view.map((member) => member.contact.id).sort()
    if (viewed.join() !== ids.join()) return `${who} sees ${viewed.length} live members of ${ids.length}`
  }
  return null
}

/** The owner of `key` by the live peers' ids alone. */
export function trueOwner(simulator: Simulator, key: Identifier): Identifier | undefined {
  const ids = simulator.livePeers.map((peer) => peer.contact.id)
  return ids.find((id) => id >= key) ?? ids[0]
}

/**
 * Zave's invariant, for runs in which every peer joined one ring: every member has a live successor; following best
 * successors there is one ring, it is ordered, and every member reaches it; lists are ordered, without duplicates or self.
 */
function findFlawInInvariant(simulator: Simulator): string | null {
  const members = simulator.livePeers.filter((peer) => peer.ring.isMember)
  const live = new Map(members.map((peer) => [peer.contact.id, peer]))
  if (members.length === 0) return null
  const best = new Map<Identifier, Identifier>()
  for (const { contact, ring } of members) {
    const flaw = findFlawInList(
      contact.id,
      ring.successors.map((successor) => successor.id),
    )
    if (flaw) return `${shorten(contact.id)}: ${flaw}`
    const next = ring.successors.find((successor) => live.has(successor.id))
    if (next) best.set(contact.id, next.id)
    else if (ring.successors.length > 0) return `${shorten(contact.id)} has no live successor`
    // a ring of one that has just taken somebody in adopts it with its next question
    else best.set(contact.id, contact.id)
  }
  const rings = ringsOf(members, best)
  if (rings.length !== 1) return `there are ${rings.length} rings`
  const ring = rings[0] as Identifier[]
  for (const [index, id] of ring.entries()) {
    const next = ring[(index + 1) % ring.length] as Identifier
    const skipped = ring.find((other) => other !== id && other !== next && between(id, other, next))
    if (skipped) return `the ring is not ordered: ${shorten(skipped)} lies between ${shorten(id)} and ${shorten(next)}`
  }
  return null
}

/** Looks at the invariant only when some list, or who is in, has changed since it last looked: it asks all the time. */
export class InvariantWatch {
  readonly #simulator: Simulator
  #lists: readonly (readonly Contact[])[] = []

  constructor(simulator: Simulator) {
    this.#simulator = simulator
  }

  findFlaw(): string | null {
    const members = this.#simulator.peers.filter((peer) => peer.up && peer.ring.isMember)
    // a ring keeps its list as the same object until it changes
    const lists = members.map((peer) => peer.ring.successors)
    if (lists.length === this.#lists.length && lists.every((list, index) => list === this.#lists[index])) return null
    this.#lists = lists
    return findFlawInInvariant(this.#simulator)
  }
}

function findFlawInList(self: Identifier, list: readonly Identifier[]): string | null {
  for (const [index, id] of list.entries()) {
    if (id === self) return 'its own successor'
    const next = list[index + 1]
    if (next !== undefined && (next === id || !between(id, next, self))) return 'list out of order'
  }
  return null
}

/** The cycles of a map in which everybody has one next. */
function ringsOf(members: readonly SimulatedPeer[], best: ReadonlyMap<Identifier, Identifier>): Identifier[][] {
  const visitedBy = new Map<Identifier, Identifier>()
  const rings: Identifier[][] = []
  for (const { contact } of members) {
    const path: Identifier[] = []
    let id: Identifier | undefined = contact.id
    while (id !== undefined && !visitedBy.has(id)) {
      visitedBy.set(id, contact.id)
      path.push(id)
      id = best.get(id)
    }
    if (id !== undefined && visitedBy.get(id) === contact.id) rings.push(path.slice(path.indexOf(id)))
  }
  return rings
}

function shorten(id: string): string {
  return id.slice(0, 6)
}
