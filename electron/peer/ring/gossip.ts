/**
 * How news of members travels: on every ping and response a few members each, every piece of news about 3 log2 N times
 * (SWIM); and by comparing views when the digests on pings and responses differ, or every 10 minutes in any case.
 */

import { type Contact, sharesWay } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { Member, View } from '../protocol/messages.ts'
import { type Core, selfAsMember } from './core.ts'
import type { Deadline } from './deadlines.ts'
import { around } from './interval.ts'
import { asMember, isLive, supersedes } from './membership.ts'
import { News } from './news.ts'
import { pick, pickNumber } from './prng.ts'
import { timing } from './timing.ts'

const nothingNew: readonly Member[] = []
/** Room for members in a sealed datagram, in characters. */
const datagramRoom = limits.datagramBytes - 300
/** Room for members in one view message, in characters. */
const viewRoom = limits.lineBytes - 512

export class Gossip {
  readonly #core: Core
  readonly #news = new News()
  #lastExchangeAt = 0
  readonly #nextExchange: Deadline
  /** Number of the last question for everything, and whether its answer is being taken in. */
  #asksForAll = 0
  #catchingUp = false
  #hasView = true

  constructor(core: Core) {
    this.#core = core
    this.#nextExchange = core.deadlines.add()
    if (core.parameters.viewCap === 0) this.#nextExchange.clear()
  }

  /** False from the first question for everything until somebody's view was taken in, or was found to be this one. */
  get hasView(): boolean {
    return this.#hasView
  }

  get hasNews(): boolean {
    return this.#news.size > 0
  }

  /** Passes on what the table has of `id` (or self) from now. */
  note(id: Identifier): void {
    if (this.#core.parameters.viewCap === 0 || this.#catchingUp) return
    this.#news.add(id, 3 * Math.ceil(Math.log2(this.#core.table.liveIds().length + 2)))
  }

  /**
   * Members for a ping or response to `receiver`. What is held of the receiver itself goes first when it may be wrong, so that
   * it can refute: that it is gone, or (`seen` = where it was seen) that it is elsewhere.
   */
  take(receiver: Identifier, seen: Contact | null = null): readonly Member[] {
    const claim = this.#core.table.get(receiver)
    if (claim && (claim.state !== 'alive' || (seen && !sharesWay(seen, claim.contact)))) {
      return this.#pack(receiver, claim)
    }
    return this.#news.size === 0 ? nothingNew : this.#pack(receiver, null)
  }

  /** `first`, then the freshest news, as many as a datagram takes. */
  #pack(receiver: Identifier, first: Member | null): Member[] {
    const members = first ? [asMember(first)] : []
    let room = datagramRoom - (first ? memberLength(first) : 0)
    this.#news.passOn((id) => {
      if (members.length >= limits.gossipMembers) return 'full'
      const member = id === this.#core.self.id ? selfAsMember(this.#core) : this.#core.table.get(id)
      if (!member) return 'void'
      const length = memberLength(member)
      if (id === receiver || length > room) return 'told'
      members.push(asMember(member))
      room -= length
      return 'told'
    })
    return members
  }

  /** Takes in what another peer says of members. */
  absorb(members: readonly Member[]): void {
    for (const member of members) {
      if (member.contact.id === this.#core.self.id) this.#refute(member)
      else if (this.#isDoubtful(member)) this.#core.hooks.disputed(member)
      else this.learn(member)
    }
  }

  /** Takes in what is certain: a peer's own word, or this peer's own verdict. `placedAt` as of `Membership.merge`. */
  learn(member: Member, placedAt = member.incarnation): void {
    if (member.contact.id === this.#core.self.id) return
    const change = this.#core.table.merge(member, this.#core.clock.now(), placedAt)
    if (change) this.#core.hooks.memberChanged(change)
  }

  /** A digest came with a ping or response: unequal views are compared, once the news between them has travelled. */
  compareDigest(contact: Contact, viewDigest: string): void {
    const now = this.#core.clock.now()
    if (this.#core.parameters.viewCap === 0) return
    if (!this.#hasView && viewDigest === this.digest()) this.#hasView = true
    if (now < this.#lastExchangeAt + this.#waitMs()) return
    if (viewDigest !== this.digest()) this.exchangeWith(contact)
  }

  /** Between two comparisons of views that differ. */
  #waitMs(): number {
    const { table, parameters } = this.#core
    if (table.size >= parameters.viewCap) return timing.viewPartialMs
    if (!this.hasNews) return timing.viewMismatchMs
    const busyMs = timing.viewBusyMsPerMember * table.liveIds().length
    return Math.min(timing.viewBusyMs, Math.max(timing.viewMismatchMs, busyMs))
  }

  digest(): string {
    return this.#core.parameters.viewCap === 0
      ? '00000000'
      : this.#core.table.digest({ contact: this.#core.self, incarnation: this.#core.incarnation })
  }

  tick(now: number): void {
    if (!this.#nextExchange.isDue(now)) return
    this.#nextExchange.at = now + timing.viewExchangeMs * (0.9 + 0.2 * this.#core.random.next())
    const id = pick(this.#core.random, this.#core.table.liveIds())
    const entry = id && this.#core.table.get(id)
    if (entry) this.exchangeWith(entry.contact)
  }

  /** Sends a page of the view; the answer brings what it lacks. */
  exchangeWith(contact: Contact): void {
    this.#lastExchangeAt = this.#core.clock.now()
    this.#core.send(contact, 'stream', { command: 'view', kind: 'ask', exchange: this.#core.pending.nextExchange(), members: this.#page() })
  }

  /** The first question of who joined or found its ring again: an empty page, to be answered with everything. */
  askForAll(contact: Contact): void {
    this.#lastExchangeAt = this.#core.clock.now()
    this.#asksForAll = this.#core.pending.nextExchange()
    this.#hasView = false
    this.#core.send(contact, 'stream', { command: 'view', kind: 'ask', exchange: this.#asksForAll, members: [] })
  }

  receiveView(message: View, sender: Contact): void {
    // what a newcomer learns of the ring is news to nobody else: passed on, it would hold up what is
    this.#catchingUp = message.kind === 'tell' && message.exchange === this.#asksForAll
    this.absorb(message.members)
    this.#catchingUp = false
    if (message.kind === 'tell') this.#hasView = true
    if (message.kind === 'tell' || this.#core.parameters.viewCap === 0) return
    const lacking = this.#lackedBy(message.members)
    for (let members = lacking; members.length > 0;) {
      const page = fit(members)
      this.#core.send(sender, 'stream', { command: 'view', kind: 'tell', exchange: message.exchange, members: page })
      members = members.slice(page.length)
    }
  }

  /** The whole view when it fits one page, else so many members in a row from a random place: pages overlap, none is left out for ever. */
  #page(): Member[] {
    const ids = this.#core.table.liveIds()
    const start = ids.length < limits.viewMembers ? 0 : pickNumber(this.#core.random, ids.length)
    const members: Member[] = ids.length < limits.viewMembers ? [selfAsMember(this.#core)] : []
    for (let i = 0; i < ids.length && members.length < limits.viewMembers; i++) {
      const entry = this.#core.table.get(around(ids, start + i) as Identifier)
      if (entry) members.push(asMember(entry))
    }
    return fit(members)
  }

  /** What this table has beyond a page: in the page's arc when the page is full, else of everything. */
  #lackedBy(page: readonly Member[]): Member[] {
    const theirs = new Map(page.map((member) => [member.contact.id, member]))
    const first = page[0]?.contact.id
    const last = page.at(-1)?.contact.id
    const partial = page.length >= limits.viewMembers && first !== undefined && last !== undefined
    const inPage = (id: Identifier) => !partial || (first <= last ? first <= id && id <= last : first <= id || id <= last)
    const lacking: Member[] = []
    for (const member of [selfAsMember(this.#core), ...this.#core.table.all()]) {
      const known = theirs.get(member.contact.id)
      // the dead are told only to who holds them alive: nobody need learn of a peer by its death
      const news = known ? supersedes(member, known) : isLive(member.state) && inPage(member.contact.id)
      if (news) lacking.push(asMember(member))
    }
    return lacking
  }

  #refute(claim: Member): void {
    const core = this.#core
    if (core.phase !== 'member' || claim.incarnation < core.incarnation) return
    const stale = claim.state !== 'alive' || !sharesWay(claim.contact, core.self)
    if (claim.incarnation === core.incarnation && !stale) return
    core.incarnation = claim.incarnation + 1
    this.note(core.self.id)
    core.hooks.refuted()
  }

  /** Hearsay of a death, of somebody heard a moment ago: it shall speak for itself. Two halves of a ring that meet would else kill each other. */
  #isDoubtful(member: Member): boolean {
    if (member.state !== 'dead') return false
    const entry = this.#core.table.get(member.contact.id)
    if (!entry || entry.lastHeardAt === null || !isLive(entry.state) || !supersedes(member, entry)) return false
    return this.#core.clock.now() - entry.lastHeardAt < 2.5 * this.#core.parameters.pingIntervalMs
  }
}

/** Characters that a member takes on a line, at most. */
function memberLength(member: Member): number {
  let length = member.contact.id.length + 28
  for (const way of member.contact.ways) length += way.length + 1
  return length
}

/** As many members from the front as one view message takes. */
function fit(members: readonly Member[]): Member[] {
  let room = viewRoom
  const count = members.findIndex((member, index) => (room -= memberLength(member)) < 0 || index >= limits.viewMembers)
  return members.slice(0, count < 0 ? members.length : Math.max(1, count))
}
