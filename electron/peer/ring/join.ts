/**
 * Getting in. The joiner's side asks peer after peer until one accepts it; the other side accepts when the joiner's place is
 * directly behind itself, and else forwards the join to its successor or names a better peer. The accepter changes nothing
 * of its own: it adopts the joiner through stabilise like everybody else (Zave).
 */

import { type Contact, sharesWay } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { Accept, Decline, DeclineReason, Join, RingMessage } from '../protocol/messages.ts'
import type { Core } from './core.ts'
import type { Deadline } from './deadlines.ts'
import { between } from './interval.ts'
import type { Pings } from './pings.ts'
import type { Channel } from './ports.ts'
import { closestPreceding } from './placement.ts'
import { counts, timing } from './timing.ts'

/** A join under way. `via` are tried in turn; `hops` counts the peers asked since the last start over. */
interface Attempt {
  readonly via: readonly Contact[]
  /** Clock time at which it is given up, or null: never (a member that looks for its ring). */
  readonly deadline: number | null
  index: number
  hops: number
  /** Peers that sent us on since the last start over: the route, where joins are asked hop by hop. */
  route: Identifier[]
  exchange: number
  nextAt: number
}

export class Joiner {
  readonly #core: Core
  readonly #accepted: (message: Accept) => void
  #attempt: Attempt | null = null
  /** Looked at on every tick while an attempt is under way, or could be. */
  readonly #due: Deadline

  /** `accepted`: takes over the lists of an acceptance. */
  constructor(core: Core, accepted: (message: Accept) => void) {
    this.#core = core
    this.#accepted = accepted
    this.#due = core.deadlines.add()
  }

  /** Joins through one of `via`; an event ends it: accepted, declined, or 'unreachable' after 20 s. */
  start(via: readonly Contact[]): void {
    this.#begin(via, this.#core.clock.now() + timing.joinMs)
  }

  tick(now: number): void {
    this.#lookForRing()
    if (this.#attempt) this.#goOn(this.#attempt, now)
    const isAlone = this.#core.phase === 'member' && !this.#core.neighbours.head
    this.#due.at = this.#attempt || (isAlone && this.#remembered().length > 0) ? now : Infinity
  }

  #goOn(attempt: Attempt, now: number): void {
    if (attempt.deadline !== null && now >= attempt.deadline) this.#end('unreachable')
    else if (now >= attempt.nextAt && !this.#core.pending.isOpen(attempt.exchange)) this.#startOver(attempt)
  }

  /** Ends a join without a word. */
  stop(): void {
    if (this.#attempt) this.#core.pending.close(this.#attempt.exchange)
    this.#attempt = null
  }

  /** A member that is alone but remembers others joins through them, one after the other, until it is not alone. */
  #lookForRing(): void {
    const { phase, neighbours } = this.#core
    if (phase !== 'member') return
    if (neighbours.head) {
      this.stop()
      return
    }
    if (this.#attempt) return
    const remembered = this.#remembered()
    if (remembered.length === 0) return
    this.#startOver(this.#begin(remembered, null))
  }

  #remembered(): Contact[] {
    return [...this.#core.table.all()].filter((entry) => entry.state === 'dead').map((entry) => entry.contact)
  }

  #begin(via: readonly Contact[], deadline: number | null): Attempt {
    this.stop()
    const others = via.filter((contact) => contact.id !== this.#core.self.id || !sharesWay(contact, this.#core.self))
    const now = this.#core.clock.now()
    const attempt: Attempt = { via: others, deadline, index: 0, hops: 0, route: [], exchange: 0, nextAt: now }
    this.#attempt = attempt
    this.#due.soon()
    return attempt
  }

  #startOver(attempt: Attempt): void {
    const target = attempt.via[attempt.index % attempt.via.length]
    attempt.index++
    attempt.hops = 0
    attempt.route = []
    attempt.nextAt = this.#core.clock.now() + timing.joinAgainMs
    if (target) this.#ask(attempt, target)
    if (attempt.deadline === null && attempt.index > attempt.via.length) this.#attempt = null
  }

  #ask(attempt: Attempt, target: Contact): void {
    const { pending, clock, self, incarnation, parameters, roundTrips } = this.#core
    attempt.hops++
    attempt.exchange = pending.nextExchange()
    const waitMs = parameters.lookup === 'forwarded' ? timing.joinAnswerMs : roundTrips.streamTimeout(target.id)
    pending.open(attempt.exchange, {
      deadline: clock.now() + waitMs,
      answered: (message) => this.#answered(attempt, message),
      timedOut: () => undefined,
    })
    const { exchange, route } = attempt
    this.#core.send(target, 'stream', { command: 'join', exchange, joiner: self, incarnation, route })
  }

  #answered(attempt: Attempt, message: RingMessage): void {
    // a lone member may have been found by others meanwhile
    const found = attempt.deadline === null && this.#core.neighbours.head !== null
    if (attempt !== this.#attempt || found) return
    if (message.command === 'accept') {
      this.#attempt = null
      this.#accepted(message)
    } else if (message.command === 'decline') {
      this.#declined(attempt, message)
    }
  }

  #declined(attempt: Attempt, message: Decline): void {
    const final = message.reason === 'id-taken' || message.reason === 'wrong-version'
    if (final && attempt.deadline !== null) {
      this.#end(message.reason)
    } else if (message.better && !attempt.route.includes(message.better.id) && attempt.hops < counts.joinHops) {
      attempt.route = [...attempt.route, message.source]
      this.#ask(attempt, message.better)
    } else {
      // sent in a circle while the ring changes: a little later, the same peer again
      if (message.reason !== 'not-ready') attempt.index--
      attempt.nextAt = this.#core.clock.now() + timing.joinAgainMs
    }
  }

  #end(reason: DeclineReason | 'unreachable'): void {
    this.stop()
    if (this.#core.phase === 'joining') this.#core.phase = 'outside'
    this.#core.emit({ kind: 'join-declined', reason })
  }
}

interface Refusal {
  readonly reason: DeclineReason
  readonly better?: Contact
  readonly channel?: Channel
}

/** The side that takes in. */
export class Gatekeeper {
  readonly #core: Core
  readonly #pings: Pings
  readonly #isSeeking: () => boolean
  /** Ids that a second peer, of this incarnation, asked for, and since when the first one is being asked whether it is there. */
  readonly #doubles = new Map<Identifier, { readonly incarnation: number; readonly askedAt: number }>()

  /** `isSeeking`: this peer looks for the ring that it was in, and takes in only whom it knows from there. */
  constructor(core: Core, pings: Pings, isSeeking: () => boolean) {
    this.#core = core
    this.#pings = pings
    this.#isSeeking = isSeeking
  }

  receive(message: Join): void {
    const { self, neighbours, phase, parameters, table } = this.#core
    const { joiner } = message
    const { head } = neighbours
    const isStranger = this.#isSeeking() && table.get(joiner.id) === undefined
    if (phase !== 'member' || isStranger) this.#decline(message, { reason: 'not-ready' })
    else if (joiner.id === self.id) this.#decline(message, { reason: 'id-taken', channel: 'datagram' })
    else if (!head || between(self.id, joiner.id, head.id)) this.#accept(message)
    else if (joiner.id === head.id) this.#sameId(message, head)
    else if (parameters.lookup === 'forwarded') this.#forward(message, head)
    else this.#decline(message, { reason: 'not-between', better: this.#better(joiner.id, head) })
  }

  #accept(message: Join): void {
    const { self, neighbours, table } = this.#core
    const { joiner, exchange, route } = message
    this.#doubles.delete(joiner.id)
    this.#core.emit({ kind: 'join-received', joiner: joiner.id })
    const successors = neighbours.successors.filter((contact) => contact.id !== joiner.id)
    this.#core.send(joiner, 'stream', { command: 'accept', exchange, predecessor: self, successors, route: [...route, self.id] })
    const doubted = successors.flatMap(({ id }) => {
      const entry = table.get(id)
      return entry?.state === 'suspect' ? [entry] : []
    })
    // or it would begin to doubt them in its own time, and hold up whoever comes after it
    if (doubted.length > 0) this.#pings.send(joiner, 'stream', doubted.slice(0, limits.gossipMembers))
  }

  #forward(message: Join, head: Contact): void {
    const { joiner, exchange, incarnation, route } = message
    // once round without a place: the ring is changing, the joiner asks again
    if (route.length >= limits.route - 1) return
    this.#core.emit({ kind: 'join-forwarded', joiner: joiner.id })
    this.#core.send(head, 'stream', { command: 'join', exchange, joiner, incarnation, route: [...route, this.#core.self.id] })
  }

  /**
   * Our first successor's id, asked for by somebody. On the same way it is the same peer, started again (nobody else can have
   * its port). Else the one that we know is asked, and if it is there the id is taken.
   */
  #sameId(message: Join, head: Contact): void {
    const { table, clock, hooks } = this.#core
    const { joiner, incarnation } = message
    const entry = table.get(head.id)
    if (sharesWay(joiner, head) || entry?.state === 'dead' || entry?.state === 'left') {
      this.#accept(message)
      return
    }
    const double = this.#doubles.get(head.id)
    // what was asked for an incarnation that is over is no question any more: it may have been taken in elsewhere, and be the one heard
    const askedAt = double?.incarnation === incarnation ? double.askedAt : null
    if (askedAt !== null && entry && entry.lastHeardAt !== null && entry.lastHeardAt > askedAt) {
      this.#doubles.delete(head.id)
      this.#decline(message, { reason: 'id-taken', channel: 'datagram' })
      return
    }
    if (askedAt === null) this.#doubles.set(head.id, { incarnation, askedAt: clock.now() })
    hooks.suspicious(head)
    this.#decline(message, { reason: 'not-ready', channel: 'datagram' })
  }

  #better(joiner: Identifier, head: Contact): Contact {
    const nearest = closestPreceding(this.#core, joiner, 2).find((contact) => contact.id !== joiner)
    // the nearest by our view is ourselves: then the head has somebody before it that we do not know
    return nearest && between(this.#core.self.id, nearest.id, joiner) ? nearest : head
  }

  /** Over a datagram when two peers have the joiner's id: an open stream to that id leads to the other one. */
  #decline({ joiner, exchange, route }: Join, { reason, better, channel }: Refusal): void {
    const passed = [...route, this.#core.self.id].slice(-limits.route)
    this.#core.send(joiner, channel ?? 'stream', { command: 'decline', exchange, reason, better: better ?? null, route: passed })
  }
}
