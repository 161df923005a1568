/**
 * The table of members: one entry per peer, one merge rule (ring.md 5). It says who is in the ring, not who is next to
 * whom: neighbours.ts does that. Self is not in it.
 */

import type { Identifier } from '../protocol/identifier.ts'
import type { Member, MemberState } from '../protocol/messages.ts'

export interface Entry extends Member {
  /** Clock time of the last change of state. */
  readonly stateSince: number
  /** Clock time of the last message from the peer itself, or null. */
  lastHeardAt: number | null
  /** Revision of its catalogue as it last announced it, or null. */
  revision: number | null
}

export interface Change {
  readonly id: Identifier
  /** State before, or null for a peer that was not known. */
  readonly from: MemberState | null
  readonly to: MemberState
}

const rank: Readonly<Record<MemberState, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 }

/** The higher incarnation wins; at equal incarnation left > dead > suspect > alive. */
export function supersedes(news: Member, known: Member): boolean {
  if (news.incarnation !== known.incarnation) return news.incarnation > known.incarnation
  return rank[news.state] > rank[known.state]
}

/** What others are told of an entry. */
export function asMember({ contact, incarnation, state }: Member): Member {
  return { contact, incarnation, state }
}

export function isLive(state: MemberState): boolean {
  return state === 'alive' || state === 'suspect'
}

export class Membership {
  readonly #entries = new Map<Identifier, Entry>()
  #liveIds: readonly Identifier[] | null = null
  #digest = 0

  get size(): number {
    return this.#entries.size
  }

  get(id: Identifier): Entry | undefined {
    return this.#entries.get(id)
  }

  all(): IterableIterator<Entry> {
    return this.#entries.values()
  }

  isLive(id: Identifier): boolean {
    const entry = this.#entries.get(id)
    return entry !== undefined && isLive(entry.state)
  }

  /** Ids of the members that are alive or suspect, sorted. */
  liveIds(): readonly Identifier[] {
    this.#liveIds ??= [...this.#entries.values()]
      .filter((entry) => isLive(entry.state))
      .map((entry) => entry.contact.id)
      .sort()
    return this.#liveIds
  }

  /** Takes `member` in if it is news. What changed, or null. */
  merge(member: Member, now: number): Change | null {
    const id = member.contact.id
    const known = this.#entries.get(id)
    if (known && !supersedes(member, known)) {
      const isFuller = member.incarnation === known.incarnation && member.contact.ways.length > known.contact.ways.length
      // a peer's own, full contact stands above the one way that somebody saw it use
      if (isFuller) this.#put({ ...known, contact: member.contact })
      return null
    }
    const stateSince = known?.state === member.state ? known.stateSince : now
    this.#put({ ...member, stateSince, lastHeardAt: known?.lastHeardAt ?? null, revision: known?.revision ?? null })
    return { id, from: known?.state ?? null, to: member.state }
  }

  heard(id: Identifier, now: number): void {
    const entry = this.#entries.get(id)
    if (entry) entry.lastHeardAt = now
  }

  /** A member announced the revision of its catalogue. True when it differs from the one announced before, if any. */
  announced(id: Identifier, revision: number): boolean {
    const entry = this.#entries.get(id)
    if (!entry || entry.revision === revision) return false
    entry.revision = revision
    return true
  }

  /** A peer known to be gone was looked for again, in vain: gone since `now`. */
  stillGone(id: Identifier, now: number): void {
    const entry = this.#entries.get(id)
    if (entry && !isLive(entry.state)) this.#entries.set(id, { ...entry, stateSince: now })
  }

  remove(id: Identifier): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    this.#digest ^= entryDigest(entry)
    this.#entries.delete(id)
    this.#liveIds = null
  }

  /** Hash over the live members, `self` among them: equal tables have equal digests. 8 hexadecimal digits. */
  digest(self: Member): string {
    return ((this.#digest ^ entryDigest(self)) >>> 0).toString(16).padStart(8, '0')
  }

  #put(entry: Entry): void {
    const id = entry.contact.id
    const known = this.#entries.get(id)
    if (known) this.#digest ^= entryDigest(known)
    this.#digest ^= entryDigest(entry)
    this.#entries.set(id, entry)
    if (!known || isLive(known.state) !== isLive(entry.state)) this.#liveIds = null
  }
}

/** The dead and the left are out of the digest: how long each peer remembers them is its own affair. */
function entryDigest(member: Member): number {
  if (!isLive(member.state)) return 0
  let hash = 0x811c9dc5
  const text = `${member.contact.id};${member.incarnation}`
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  // FNV-1a mixes its last bytes little; entries are combined with xor, which needs them mixed
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
