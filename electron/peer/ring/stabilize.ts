/**
 * Keeping the circle right: stabilise, rectify, departures. Chord as P. Zave proved it (IEEE TSE 43(12), 2017): nobody is
 * adopted as first successor before it answered, the predecessor is never cleared without a replacement, and every round
 * ends with a word to the current head. Where the ring keeps a view, the view proposes; the same questions dispose.
 */

import { type Contact, sharesWay } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Leave, Successor } from '../protocol/messages.ts'
import type { Core } from './core.ts'
import type { Deadline } from './deadlines.ts'
import { around, between, firstAtOrAfter } from './interval.ts'
import { isLive } from './membership.ts'
import { NeighbourNews } from './neighbour-news.ts'
import { digestOfLists, mergeClockwise, nearerBehind, sameIds } from './neighbours.ts'
import { Settled } from './settled.ts'
import { counts, timing } from './timing.ts'

/** Why the list changed: only news that others cannot see for themselves is told to the predecessor. */
type Cause = 'adopted' | 'told' | 'gone'

export class Stabilizer {
  readonly #core: Core
  readonly #news: NeighbourNews
  readonly #settled: Settled
  readonly #nextRound: Deadline
  /** Nearest peer that says of late that it is our predecessor, while another is in that place. */
  #claimant: { readonly contact: Contact; readonly at: number } | null = null
  /** Peer nearer than the head that was asked and has not answered yet. */
  #candidate: Identifier | null = null

  constructor(core: Core) {
    this.#core = core
    this.#news = new NeighbourNews(core)
    this.#settled = new Settled(core)
    this.#nextRound = core.deadlines.add()
  }

  tick(now: number): void {
    const { parameters, neighbours, random } = this.#core
    if (this.#nextRound.isDue(now)) {
      // where the ring keeps a view, calm predecessors ping every few rounds only
      const rounds = parameters.viewCap > 0 ? counts.calmRounds : 1
      neighbours.expirePlaces(now - 3.5 * rounds * parameters.pingIntervalMs)
      this.#nextRound.at = now + parameters.pingIntervalMs * (0.9 + 0.2 * random.next())
      this.#round({ head: this.#settled.isSettled(now) ? null : neighbours.head })
    }
    this.#news.tick(now)
  }

  /** Takes a whole list as given: at the start, or out of an acceptance. */
  begin(predecessor: Contact | null, successors: readonly Contact[], how: { readonly quiet: boolean }): void {
    const { neighbours } = this.#core
    neighbours.setPredecessor(predecessor)
    neighbours.setSuccessors(successors)
    if (how.quiet) this.#news.passOver()
    else this.#news.tellSuccessors()
    this.#fillFromView()
    this.#nextRound.soon()
  }

  /** A response had this digest of the sender's lists: the head's, when they changed, are asked for on the next tick. */
  compareLists(id: Identifier, digest: string): void {
    if (!this.#settled.compare(id, digest)) return
    this.#settled.clear()
    this.#nextRound.soon()
  }

  /** One round: asks the head, if one is given, for its predecessor and list, and whoever the view has before the head. */
  #round({ head }: { readonly head: Contact | null }): void {
    const { neighbours } = this.#core
    if (head) this.#ask(head, (answer) => this.#headAnswered(head, answer))
    const candidate = this.#nearestInView() ?? (neighbours.head ? null : neighbours.predecessor)
    if (candidate) this.#consider(candidate)
  }

  receive(message: Successor, sender: Contact): void {
    const { neighbours, pending } = this.#core
    if (message.kind === 'ask') {
      this.#core.send(sender, 'stream', { ...this.#ownLists(), kind: 'tell', exchange: message.exchange })
    } else if (message.kind === 'notify') {
      // one that we cannot reach by ourselves is not ours to keep: its ping, which names its way, will do
      if (sender.ways.length > 0) this.rectify(sender)
    } else if (message.kind === 'change') {
      this.#core.emit({ kind: 'successor-change-received', from: message.source })
      this.#listOf(sender, message.successors, 'adopted')
    } else if (!pending.answer(message.exchange, message) && neighbours.head?.id === message.source) {
      // not asked for: the head has taken another predecessor, and says so at once
      this.#headAnswered(neighbours.head, message)
    }
  }

  /** `claimant` says that this peer is its first successor (Zave's rectify). */
  rectify(claimant: Contact): void {
    const { neighbours, table, self } = this.#core
    const { predecessor } = neighbours
    if (claimant.id === self.id || claimant.id === predecessor?.id) return
    const vacant = predecessor === null || table.get(predecessor.id)?.state === 'dead' || table.get(predecessor.id)?.state === 'left'
    if (vacant || between(predecessor.id, claimant.id, self.id)) {
      this.#setPredecessor(claimant)
    } else {
      // the one in place is nearer: only its death makes room
      const rival = this.#freshClaimant()
      if (!rival || !between(claimant.id, rival.id, self.id)) this.#claimant = { contact: claimant, at: this.#core.clock.now() }
      this.#core.hooks.suspicious(predecessor)
    }
  }

  /** A peer died or left: out of the lists, the next one takes its place. */
  gone(id: Identifier): void {
    const { neighbours, table, self } = this.#core
    const wasHead = neighbours.head?.id === id
    const list = neighbours.successors
    neighbours.remove(id)
    if (neighbours.predecessor?.id === id) {
      const fresh = this.#freshClaimant()
      const claimant = fresh && fresh.id !== id && !this.#isGone(fresh.id) ? fresh : null
      const known = neighbours.predecessors().find((contact) => contact.id !== id && !this.#isGone(contact.id))
      const heir = nearerBehind(self.id, [claimant, known ?? null, this.#lastInView()])
      if (heir) this.#setPredecessor(heir)
      else if (!neighbours.head && table.liveIds().length === 0) this.#setPredecessor(null)
    }
    if (neighbours.successors.length < list.length) this.#afterReplacing(list, 'gone')
    // the head's list completes ours
    if (wasHead || this.#news.isWaiting) this.#round({ head: neighbours.head })
  }

  /** Who is passed over says so again every interval: one that has been quiet for some is gone itself, or has found its place. */
  #freshClaimant(): Contact | null {
    const { clock, parameters } = this.#core
    const claim = this.#claimant
    return claim && clock.now() < claim.at + counts.claimIntervals * parameters.pingIntervalMs ? claim.contact : null
  }

  /**
   * A peer does not answer. Without a view its verdict takes long, and another one's, who says that it is our predecessor now, cannot
   * reach us: that one has the place until the silent one is heard again. And when it is the head, the one after it is told of us: of a
   * newcomer that was taken in before such a head nobody else knows until then.
   */
  suspected(id: Identifier): void {
    const { parameters, neighbours } = this.#core
    if (parameters.viewCap > 0) return
    const claimant = this.#freshClaimant()
    if (neighbours.predecessor?.id === id && claimant && claimant.id !== id) this.#setPredecessor(claimant)
    const [head, next] = neighbours.successors
    if (head?.id === id && next) this.#notify(next)
  }

  /** A graceful departure, with the lists that replace the leaver. `before`: the list that still had it. */
  departed(message: Leave, before: readonly Contact[]): void {
    const { neighbours, self } = this.#core
    const { predecessor } = message
    if (predecessor && predecessor.id !== self.id && !this.#isGone(predecessor.id)) {
      const current = neighbours.predecessor
      if (!current || current.id === message.source || between(current.id, predecessor.id, self.id)) this.#setPredecessor(predecessor)
    }
    if (!before.some((contact) => contact.id === message.source)) return
    const heirs = before.flatMap((contact) => (contact.id === message.source ? message.successors : [contact]))
    this.#replace(heirs, 'gone')
    this.#news.tellSuccessors()
  }

  /** The view has a new live member: a head to be asked, or one more for the list. */
  arrived(id: Identifier): void {
    const { neighbours, self } = this.#core
    const { head } = neighbours
    if (!head || between(self.id, id, head.id)) this.#nextRound.soon()
    else this.#fillFromView()
  }

  #ask(contact: Contact, answered: (answer: Successor) => void, silent?: () => void): void {
    const { pending, clock, roundTrips, patience } = this.#core
    const exchange = pending.nextExchange()
    pending.open(exchange, {
      deadline: clock.now() + roundTrips.streamTimeout(contact.id) * patience,
      answered: (message) => {
        if (message.command === 'successor' && message.source === contact.id) answered(message)
      },
      timedOut: () => {
        silent?.()
        this.#core.hooks.suspicious(contact)
      },
    })
    this.#core.send(contact, 'stream', { command: 'successor', kind: 'ask', exchange, predecessor: null, successors: [] })
  }

  #headAnswered(head: Contact, answer: Successor): void {
    const { neighbours, self } = this.#core
    if (neighbours.head?.id !== head.id) return
    const digest = digestOfLists(answer.predecessor, answer.successors)
    // what we left out of its list as out of date may be right after a while: asked again
    const isTaken = answer.predecessor?.id === self.id && !answer.successors.some((contact) => this.#isStale(contact.id))
    this.#replace([head, ...this.#withWatched(head, answer.successors)], 'told')
    if (isTaken) this.#settled.agreed(head.id, digest)
    else this.#settled.clear()
    const nearer = answer.predecessor
    if (nearer && nearer.id !== self.id && between(self.id, nearer.id, head.id)) this.#consider(nearer)
    // a head that has us in place already needs no telling
    if (nearer?.id !== self.id) this.#notify(head)
    if (this.#news.isWaiting) this.#news.tellSuccessors()
  }

  /**
   * Without a view: a successor that we ping, and that the list of `teller` passes over, has died or is leaving, and we have not
   * seen it yet. It stays until we have, so that every watcher finds out for itself and tells of it before it tells of new successors.
   */
  #withWatched(teller: Contact, list: readonly Contact[]): readonly Contact[] {
    const { parameters, neighbours, table, self, hooks } = this.#core
    const last = list.at(-1)
    if (parameters.viewCap > 0 || !last) return list
    const listed = new Set(list.map((contact) => contact.id))
    const watched = neighbours.successors
      .slice(0, parameters.pingedSuccessors)
      .filter(({ id }) => !listed.has(id) && table.isLive(id) && between(teller.id, id, last.id))
    if (watched.length === 0) return list
    for (const contact of watched) hooks.suspicious(contact)
    return [...list, ...watched].sort((a, b) => (between(self.id, a.id, b.id) ? -1 : 1))
  }

  /** Asks a peer that may be nearer than the head, and adopts it if it answers. */
  #consider(candidate: Contact): void {
    const { self, neighbours, table, hooks } = this.#core
    if (this.#candidate === candidate.id) return
    this.#candidate = candidate.id
    // known by hearsay: whether it is there at all is found out meanwhile
    if ((table.get(candidate.id)?.lastHeardAt ?? null) === null) hooks.suspicious(candidate)
    const done = () => {
      if (this.#candidate === candidate.id) this.#candidate = null
    }
    this.#ask(
      candidate,
      (answer) => {
        done()
        const { head } = neighbours
        if (head && !between(self.id, candidate.id, head.id)) return
        this.#replace([candidate, ...answer.successors], 'adopted')
        this.#notify(candidate)
      },
      done,
    )
  }

  /** A successor's own list: what follows it in ours is replaced. */
  #listOf(sender: Contact, successors: readonly Contact[], cause: Cause): void {
    const { neighbours } = this.#core
    const place = neighbours.placeOf(sender.id)
    if (place > 0) this.#replace([...neighbours.successors.slice(0, place), ...this.#withWatched(sender, successors)], cause)
  }

  #replace(contacts: readonly Contact[], cause: Cause): void {
    const { neighbours, table } = this.#core
    const list = neighbours.successors
    const fresh = contacts.filter((contact, index) => index === 0 || !this.#isStale(contact.id))
    for (const contact of contacts) {
      const known = table.get(contact.id)
      // of one that we saw go, too: it may be back
      if (known && (!isLive(known.state) || !sharesWay(known.contact, contact))) this.#core.hooks.elsewhere(contact)
    }
    // of a live member our own table knows best where it is, until the member itself says otherwise
    neighbours.setSuccessors(fresh.map((contact) => (table.isLive(contact.id) ? (table.get(contact.id)?.contact ?? contact) : contact)))
    this.#afterReplacing(list, cause)
  }

  #afterReplacing(list: readonly Contact[], cause: Cause): void {
    const { neighbours, parameters } = this.#core
    this.#fillFromView()
    const current = neighbours.successors
    if (sameIds(list, current)) return
    const known = new Set(list.map((contact) => contact.id))
    for (const contact of current.slice(0, parameters.pingedSuccessors)) if (!known.has(contact.id)) this.#core.hooks.greet(contact)
    const short = cause === 'gone' && current.length > 0 && current.length < list.length
    if (short) this.#news.wait()
    else if (!this.#news.isWaiting || cause !== 'gone') this.#news.tellSuccessors()
    if (cause === 'gone' && current[0] && current[0].id !== list[0]?.id) this.#notify(current[0])
    // the last of our list is beyond the predecessor's: told only when something before it changed
    const shown = neighbours.maxLength - 1
    // who came nobody else sees by himself; who is gone, without a view, those who do not ping it
    const first = cause === 'adopted' ? 0 : parameters.viewCap > 0 ? shown : parameters.pingedSuccessors - 1
    if (!sameIds(list.slice(first, shown), current.slice(first, shown))) this.#tellPredecessor()
  }

  /** Where the ring keeps a view, it completes the list behind the head. */
  #fillFromView(): void {
    const { parameters, table, neighbours, self } = this.#core
    const { head } = neighbours
    if (parameters.viewCap === 0 || !head) return
    const ids = table.liveIds()
    const start = firstAtOrAfter(ids, head.id)
    const view: Contact[] = []
    for (let i = 0; i < Math.min(ids.length, neighbours.maxLength); i++) {
      const entry = table.get(around(ids, start + i) as Identifier)
      if (!entry || (entry.contact.id !== head.id && !between(head.id, entry.contact.id, self.id))) break
      view.push(entry.contact)
    }
    neighbours.setSuccessors(mergeClockwise(self.id, view, neighbours.successors))
  }

  #tellPredecessor(): void {
    const { neighbours } = this.#core
    if (neighbours.predecessor) this.#core.send(neighbours.predecessor, 'stream', { ...this.#ownLists(), kind: 'change', exchange: 0 })
  }

  #setPredecessor(contact: Contact | null): void {
    const { neighbours } = this.#core
    const old = neighbours.predecessor
    neighbours.setPredecessor(contact)
    this.#claimant = null
    if (!contact || contact.id === old?.id) return
    // the old one learns at once who came between, rather than with its next round
    if (old && !this.#isGone(old.id)) this.#core.send(old, 'stream', { ...this.#ownLists(), kind: 'tell', exchange: 0 })
    if (!neighbours.head) this.#consider(contact)
  }

  #notify(head: Contact): void {
    this.#core.send(head, 'stream', { ...this.#ownLists(), kind: 'notify', exchange: 0 })
  }

  #ownLists(): { command: 'successor'; predecessor: Contact | null; successors: readonly Contact[] } {
    const { predecessor, successors } = this.#core.neighbours
    return { command: 'successor', predecessor, successors }
  }

  /** The nearest live member of the view after self, when it is before the head. */
  #nearestInView(): Contact | null {
    const { table, self, neighbours } = this.#core
    const ids = table.liveIds()
    const id = around(ids, firstAtOrAfter(ids, self.id))
    if (id === undefined || (neighbours.head && !between(self.id, id, neighbours.head.id))) return null
    return table.get(id)?.contact ?? null
  }

  #lastInView(): Contact | null {
    const { table, self, parameters } = this.#core
    const ids = table.liveIds()
    const id = around(ids, firstAtOrAfter(ids, self.id) - 1)
    return id === undefined || parameters.viewCap === 0 ? null : (table.get(id)?.contact ?? null)
  }

  #isGone(id: Identifier): boolean {
    const entry = this.#core.table.get(id)
    return entry !== undefined && !isLive(entry.state)
  }

  /**
   * Seen to die or leave, so that lists of others which still name it are stale. A whole view hears when the peer is back;
   * without one, others may after a while know better than we do.
   */
  #isStale(id: Identifier): boolean {
    const { table, parameters, clock } = this.#core
    const entry = table.get(id)
    if (!entry || isLive(entry.state)) return false
    return table.size <= parameters.viewCap || clock.now() - entry.stateSince < timing.staleListsMs + 1.2 * parameters.pingIntervalMs
  }
}
