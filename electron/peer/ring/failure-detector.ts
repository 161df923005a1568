/**
 * Who is still there (ring.md 7). Each interval the first successor is pinged; the next ones too, and the predecessor when it did
 * not ping us. A miss leads through stages, each with its deadline: one retry, then probes through neighbours and a ping over a
 * stream, then suspicion (told to the suspect, who refutes), then the verdict. Any message from the peer ends it.
 */

import { type Contact, sharesWay } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Probe, Probed } from '../protocol/messages.ts'
import type { Core } from './core.ts'
import { isRelevant } from './core.ts'
import type { Deadline } from './deadlines.ts'
import type { Gossip } from './gossip.ts'
import { around } from './interval.ts'
import { isLive } from './membership.ts'
import type { Pings } from './pings.ts'
import { closestPreceding } from './placement.ts'
import { pick } from './prng.ts'
import { counts, timing } from './timing.ts'

type Stage = 'pinged' | 'retried' | 'probed' | 'suspected' | 'last-call'

/** A peer that owes an answer. */
interface Watch {
  readonly contact: Contact
  readonly stage: Stage
  readonly deadline: number
  /** Number of the probe sent through neighbours. */
  readonly sequence: number
  /** Half the time from suspicion to verdict. */
  readonly halfWaitMs: number
}

/** The predecessor pings us every interval, with jitter, on a tick, over a network: so much later, in intervals, something is amiss. */
const pingOverdue = 1.25

export class FailureDetector {
  readonly #core: Core
  readonly #gossip: Gossip
  readonly #pings: Pings
  readonly #watches = new Map<Identifier, Watch>()
  /** Successors given by hand, not heard yet: awaited, not judged. */
  readonly #awaited = new Set<Identifier>()
  #rounds = 0
  readonly #nextRound: Deadline
  /** When a watch is to be looked at again. */
  readonly #nextLook: Deadline
  /** When the predecessor's ping is overdue. */
  readonly #overdue: Deadline

  constructor(core: Core, gossip: Gossip, pings: Pings) {
    this.#core = core
    this.#gossip = gossip
    this.#pings = pings
    this.#nextRound = core.deadlines.add()
    this.#nextLook = core.deadlines.add()
    this.#overdue = core.deadlines.add()
  }

  /** Peers that may not have been started yet: no verdict before they were heard once. */
  awaitFirst(ids: readonly Identifier[]): void {
    for (const id of ids) this.#awaited.add(id)
  }

  tick(now: number): void {
    if (this.#nextRound.isDue(now)) this.#round(now)
    this.#watchPredecessor(now)
    for (const watch of this.#watches.values()) if (watch.deadline <= now) this.#escalate(watch, now)
    this.#nextLook.clear()
    for (const watch of this.#watches.values()) this.#lookBy(watch)
    this.#overdue.at = this.#overdueAt()
  }

  /** Pings the neighbours on the next tick, all of them. */
  roundNow(): void {
    this.#nextRound.soon()
    this.#rounds = 0
  }

  /** Forgets every pending judgement: this machine slept, its silence proves nothing about others. */
  forget(): void {
    this.#watches.clear()
    this.#pings.forget()
  }

  /**
   * This machine stood still for `lateMs`: time in which it could hear nobody does not count against others, and what they said in
   * datagrams meanwhile is lost, so those under suspicion are asked again.
   */
  postpone(lateMs: number, now: number): void {
    for (const watch of this.#watches.values()) {
      const { contact, stage } = watch
      let deadline = watch.deadline + lateMs
      if (stage === 'suspected' || stage === 'last-call') {
        this.#pings.send(contact, 'stream')
        deadline = Math.max(deadline, now + this.#core.roundTrips.streamTimeout(contact.id) * this.#core.patience)
      }
      this.#watches.set(contact.id, { ...watch, deadline })
    }
  }

  /** Looks now whether `contact` is there. */
  probe(contact: Contact): void {
    if (contact.id === this.#core.self.id || this.#watches.has(contact.id)) return
    // a suspect that was heard and did not refute: what was heard may be from before its silence
    if (this.#core.table.get(contact.id)?.state === 'suspect') this.#lookClosely(contact)
    else this.#startWatch(contact, this.#pings.send(contact, 'datagram'))
  }

  receiveProbe(message: Probe, sender: Contact): void {
    const { self, parameters, neighbours } = this.#core
    const { target } = message
    if (target.id === self.id) return
    const sequence = this.#pings.sendFor({ contact: sender, sequence: message.sequence }, target)
    // a neighbour of ours, too: of two watchers that agree, none has to wait for long
    const ours = neighbours.all().find((contact) => contact.id === target.id)
    if (parameters.viewCap === 0 || !ours || this.#watches.has(target.id)) return
    if (sharesWay(ours, target)) this.#startWatch(ours, sequence)
    else this.probe(ours)
  }

  receiveProbed(message: Probed): void {
    if (this.#watches.get(message.target)?.sequence === message.sequence) this.heard(message.target)
  }

  /** A message from `id` came: it is there. */
  heard(id: Identifier): void {
    this.#awaited.delete(id)
    if (this.#watches.delete(id) && this.#watches.size === 0) this.#nextLook.clear()
    this.#core.table.heard(id, this.#core.clock.now())
    if (this.#core.neighbours.predecessor?.id === id) this.#overdue.at = this.#overdueAt()
  }

  #round(now: number): void {
    const { parameters, random, table } = this.#core
    this.#nextRound.at = now + parameters.pingIntervalMs * (0.9 + 0.2 * random.next())
    this.#pings.expire(now)
    const brief = this.#rounds % counts.calmRounds !== 0 && this.#isCalm()
    const targets = this.#targets(brief ? 1 : parameters.pingedSuccessors)
    if (targets.length > 0) this.#core.emit({ kind: 'pings-sent', peers: targets.map((contact) => contact.id) })
    for (const target of targets) this.probe(target)
    if (!brief) this.#lookFurther(new Set(targets.map((contact) => contact.id)), now)
    // a suspicion that nobody brought to an end
    for (const id of table.suspects) {
      const entry = table.get(id)
      if (entry && entry.stateSince + timing.staleSuspicionMs < now) this.probe(entry.contact)
    }
    this.#rounds++
  }

  /** The next successors until `count` of them are not in doubt: of many that die at once the last is found as soon as the first. */
  #targets(count: number): readonly Contact[] {
    const { neighbours, table } = this.#core
    const targets: Contact[] = []
    let sound = 0
    for (const contact of neighbours.successors) {
      if (sound >= count) break
      targets.push(contact)
      if (this.#watches.get(contact.id)?.stage !== 'probed' && table.get(contact.id)?.state !== 'suspect') sound++
    }
    return targets
  }

  /**
   * Nothing happens: then most rounds ping the head only. A view tells of a death those who did not look themselves; without one,
   * each peer has to look at all its successors.
   */
  #isCalm(): boolean {
    const { parameters, table } = this.#core
    return parameters.viewCap > 0 && !this.#gossip.hasNews && table.suspects.size === 0
  }

  /** The predecessor's pings show that it is there; without one for more than an interval, it is asked. */
  #watchPredecessor(now: number): void {
    const { predecessor } = this.#core.neighbours
    if (predecessor && now > this.#overdueAt()) this.probe(predecessor)
  }

  /** Clock time after which the predecessor is asked, or Infinity. */
  #overdueAt(): number {
    const { parameters, neighbours, table } = this.#core
    const { predecessor } = neighbours
    if (!parameters.pingPredecessor || !predecessor || this.#watches.has(predecessor.id)) return Infinity
    return (table.get(predecessor.id)?.lastHeardAt ?? 0) + pingOverdue * parameters.pingIntervalMs
  }

  /** Where the ring keeps a view: one random member is watched too (SWIM), so that many deaths at once are found at once; and more are told the news. */
  #lookFurther(pinged: ReadonlySet<Identifier>, now: number): void {
    const { random, table, parameters } = this.#core
    if (parameters.viewCap === 0) return
    for (let i = 0; i <= (this.#gossip.hasNews ? counts.gossipTargets : 0); i++) {
      const entry = table.get(pick(random, table.liveIds()) as Identifier)
      if (!entry || pinged.has(entry.contact.id)) continue
      const heardNow = entry.lastHeardAt !== null && entry.lastHeardAt > now - parameters.pingIntervalMs
      if (i > 0) this.#pings.send(entry.contact, 'datagram')
      else if (!heardNow || this.#gossip.hasNews) this.probe(entry.contact)
    }
  }

  #startWatch(contact: Contact, sequence: number): void {
    this.#watch(contact, 'pinged', { sequence, waitMs: this.#core.roundTrips.timeout(contact.id) })
  }

  #watch(contact: Contact, stage: Stage, how: { sequence: number; waitMs: number; halfWaitMs?: number }): void {
    const deadline = this.#core.clock.now() + how.waitMs * this.#core.patience
    const watch = { contact, stage, deadline, sequence: how.sequence, halfWaitMs: how.halfWaitMs ?? 0 }
    this.#watches.set(contact.id, watch)
    this.#lookBy(watch)
  }

  /** Someone in doubt is looked at on every tick: were this machine to stand still meanwhile, `postpone` must know of it to the tick. */
  #lookBy({ stage, deadline }: Watch): void {
    if (stage === 'pinged') this.#nextLook.by(deadline)
    else this.#nextLook.soon()
  }

  #escalate(watch: Watch, now: number): void {
    // it may have moved since the watch began: what is found out of its old place is nothing against the new one
    const contact = this.#core.contact(watch.contact.id) ?? watch.contact
    if (!sharesWay(contact, watch.contact)) {
      this.#startWatch(contact, this.#pings.send(contact, 'datagram'))
      return
    }
    const waitMs = this.#core.roundTrips.timeout(contact.id)
    const isSuspected = watch.stage === 'suspected' || watch.stage === 'last-call'
    if (isSuspected && this.#core.table.get(contact.id)?.state === 'alive') {
      // refuted: its higher incarnation came by way of others
      this.#watches.delete(contact.id)
    } else if (watch.stage === 'pinged') {
      this.#watch(contact, 'retried', { sequence: this.#pings.send(contact, 'datagram'), waitMs })
    } else if (watch.stage === 'retried') {
      this.#lookClosely(contact)
    } else if (watch.stage === 'probed') {
      this.#suspect({ ...watch, contact }, now)
    } else if (watch.stage === 'suspected') {
      this.#pings.send(contact, 'stream')
      const sequence = this.#pings.send(contact, 'datagram')
      this.#watch(contact, 'last-call', { sequence, waitMs: watch.halfWaitMs, halfWaitMs: watch.halfWaitMs })
    } else {
      this.#watches.delete(contact.id)
      this.#judge(contact, 'dead')
      this.#tellOfDeath(contact.id)
    }
  }

  /** Over a stream, and through neighbours. */
  #lookClosely(contact: Contact): void {
    const { roundTrips } = this.#core
    const sequence = this.#pings.send(contact, 'stream')
    this.#probeIndirectly(contact, sequence)
    this.#watch(contact, 'probed', { sequence, waitMs: Math.max(2 * roundTrips.timeout(contact.id), roundTrips.streamTimeout(contact.id)) })
  }

  #probeIndirectly(target: Contact, sequence: number): void {
    for (const helper of this.#helpers(target.id)) this.#core.send(helper, 'datagram', { command: 'probe', sequence, target })
  }

  /** Neighbours that may reach `target`: the ones on both sides of it, who watch it anyway, and any other. */
  #helpers(target: Identifier): readonly Contact[] {
    const circle = this.#core.neighbours
      .all()
      .filter(({ id }) => id === target || !this.#watches.has(id))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    const place = circle.findIndex(({ id }) => id === target)
    const beside = place < 0 ? [] : [around(circle, place + 1), around(circle, place - 1)]
    const helpers = new Set<Contact>()
    for (const contact of beside) if (contact && contact.id !== target) helpers.add(contact)
    const others = circle.filter((contact) => contact.id !== target && !helpers.has(contact))
    while (helpers.size < counts.indirectProbes && others.length > 0) {
      const [helper] = others.splice(Math.floor(this.#core.random.next() * others.length), 1)
      if (helper) helpers.add(helper)
    }
    return [...helpers]
  }

  #suspect({ contact, sequence }: Watch, now: number): void {
    if (this.#awaited.has(contact.id)) {
      this.#watches.delete(contact.id)
      return
    }
    const known = this.#core.table.get(contact.id)
    if (known && !isLive(known.state)) {
      this.#watches.delete(contact.id)
      // gone before, and silent: the list that brought it back is out of date
      this.#core.table.stillGone(contact.id, now)
      this.#core.hooks.memberChanged({ id: contact.id, from: known.state, to: known.state })
      return
    }
    // already suspect by another watcher's word: two agree
    const agreed = known?.state === 'suspect' && known.stateSince < now
    const halfWaitMs = (agreed ? timing.agreedSuspicionMs : timing.soleSuspicionMs) / 2
    this.#watch(contact, 'suspected', { sequence, waitMs: halfWaitMs, halfWaitMs })
    this.#judge(contact, 'suspect')
    this.#pings.send(contact, 'stream')
    this.#tellWatchers(contact.id)
  }

  /** Tells those who watch `suspect` too at once: a second one that suspects it knows then that two agree. */
  #tellWatchers(suspect: Identifier): void {
    const entry = this.#core.table.get(suspect)
    if (!entry || this.#core.parameters.viewCap === 0) return
    for (const helper of this.#helpers(suspect)) this.#pings.send(helper, 'datagram', [entry])
  }

  /** Tells those at once whose lists have it, and who may not look at it before it is their head. */
  #tellOfDeath(id: Identifier): void {
    const core = this.#core
    const entry = core.table.get(id)
    if (entry?.state !== 'dead' || core.parameters.viewCap === 0) return
    for (const contact of closestPreceding(core, id, core.neighbours.maxLength)) this.#pings.send(contact, 'datagram', [entry])
  }

  #judge(contact: Contact, state: 'suspect' | 'dead'): void {
    const known = this.#core.table.get(contact.id)
    if (known && !isLive(known.state)) return
    this.#gossip.learn({ contact, incarnation: known?.incarnation ?? 0, state })
    if (state === 'suspect' && isRelevant(this.#core, contact.id) && known?.state !== 'suspect') {
      this.#core.emit({ kind: 'suspected', peer: contact.id })
    }
  }
}
