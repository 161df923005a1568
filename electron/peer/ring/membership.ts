/**
 * The table of members: one entry per peer, one merge rule (ring.md 5). It says who is in the ring, not who is next to
 * whom: neighbours.ts does that. Self is not in it.
 */

import type { Identifier } from '../protocol/identifier.ts'
import type { Member, MemberState } from '../protocol/messages.ts'
import { hashOn, hashStart, hexOf, mixed } from './hash.ts'
import { firstAtOrAfter } from './interval.ts'

export interface Entry extends Member {
  /** Clock time of the last change of state. */
  readonly stateSince: number
  /** Clock time of the last message from the peer itself, or null. */
  lastHeardAt: number | null
  /** The incarnation that its ways were told or seen of: less than its own while it has been heard, but not where it is. */
  readonly placedAt: number
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

/** What others are told of an entry: ways that were known before its incarnation must not go round as those of it. */
export function asMember({ contact, incarnation, state, placedAt = incarnation }: Member & Partial<Pick<Entry, 'placedAt'>>): Member {
  const isOutOfPlace = state === 'alive' && placedAt >= 0 && placedAt < incarnation
  return { contact, incarnation: isOutOfPlace ? placedAt : incarnation, state }
}

export function isLive(state: MemberState): boolean {
  return state === 'alive' || state === 'suspect'
}

export class Membership {
  readonly #entries = new Map<Identifier, Entry>()
  readonly #liveIds: Identifier[] = []
  readonly #suspects = new Set<Identifier>()
  #changes = 0
  #version = 0
  #digest = 0
  /** The digest as text, made once until self or a live member changes: every ping and response carries it. */
  #digestText: { readonly id: Identifier; readonly incarnation: number; readonly text: string } | null = null

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

  /** Ids of the members that are alive or suspect, sorted. The table's own list, to be read at once: it changes with the table. */
  liveIds(): readonly Identifier[] {
    return this.#liveIds
  }

  /** Goes up whenever a member comes into the table or out of it, becomes live or ceases to be. */
  get changes(): number {
    return this.#changes
  }

  /** Goes up with every change of who is in the table, where and in which state; being heard is none. */
  get version(): number {
    return this.#version
  }

  /** Ids of the members under suspicion. */
  get suspects(): ReadonlySet<Identifier> {
    return this.#suspects
  }

  /**
   * Takes `member` in if it is news. What changed, or null. `placedAt`: the incarnation that its ways belong to, when they are those
   * known before.
   */
  merge(member: Member, now: number, placedAt = member.incarnation): Change | null {
    const id = member.contact.id
    const known = this.#entries.get(id)
    if (known && !supersedes(member, known)) return this.#place(member, known, placedAt)
    const { contact, incarnation, state } = member
    const stateSince = known?.state === state ? known.stateSince : now
    const lastHeardAt = known?.lastHeardAt ?? null
    this.#put({ contact, incarnation, state, stateSince, lastHeardAt, placedAt, revision: known?.revision ?? null }, known)
    return { id, from: known?.state ?? null, to: state }
  }

  /** Nothing new of its state: but where it is may be known better now. */
  #place({ contact, incarnation }: Member, known: Entry, placedAt: number): Change | null {
    if (incarnation !== known.incarnation || placedAt < known.placedAt) return null
    const isElsewhere = placedAt > known.placedAt
    // a peer's own, full contact stands above the one way that somebody saw it use
    if (isElsewhere || contact.ways.length > known.contact.ways.length) this.#put({ ...known, contact, placedAt }, known)
    return isElsewhere && isLive(known.state) ? { id: contact.id, from: known.state, to: known.state } : null
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
    this.#entries.delete(id)
    this.#version++
    this.#account(entry, undefined)
  }

  /** Hash over the live members, `self` among them: equal tables have equal digests. 8 hexadecimal digits. */
  digest({ contact: { id }, incarnation }: Pick<Member, 'contact' | 'incarnation'>): string {
    if (this.#digestText?.id !== id || this.#digestText.incarnation !== incarnation) {
      const text = hexOf(this.#digest ^ memberDigest(id, incarnation))
      this.#digestText = { id, incarnation, text }
    }
    return this.#digestText.text
  }

  #put(entry: Entry, known: Entry | undefined): void {
    this.#entries.set(entry.contact.id, entry)
    this.#version++
    this.#account(known, entry)
  }

  /** Brings what is derived from the entries up to date. */
  #account(before: Entry | undefined, after: Entry | undefined): void {
    const id = (after ?? before)?.contact.id
    if (id === undefined) return
    const wasLive = before !== undefined && isLive(before.state)
    const nowLive = after !== undefined && isLive(after.state)
    // the dead and the left are out of the digest: how long each peer remembers them is its own affair
    if (wasLive !== nowLive || before?.incarnation !== after?.incarnation) {
      if (wasLive) this.#digest ^= memberDigest(id, before.incarnation)
      if (nowLive) this.#digest ^= memberDigest(id, after.incarnation)
      this.#digestText = null
    }
    if (after?.state === 'suspect') this.#suspects.add(id)
    else this.#suspects.delete(id)
    if (!before || !after || wasLive !== nowLive) this.#changes++
    if (wasLive === nowLive) return
    this.#liveIds.splice(firstAtOrAfter(this.#liveIds, id), nowLive ? 0 : 1, ...(nowLive ? [id] : []))
  }
}

function memberDigest(id: Identifier, incarnation: number): number {
  return mixed(hashOn(hashOn(hashStart, id), `;${incarnation}`))
}
