/**
 * Who is still there (ring.md 7). Each interval the first successors and the predecessor are pinged. A miss leads through
 * stages, each with its deadline: one retry, then probes through neighbours and a ping over a stream, then suspicion (told
 * to the suspect, who refutes), then the verdict. Any message from the peer ends it.
 */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Member, Ping, Probe, Probed, Response } from '../protocol/messages.ts'
import type { Core } from './core.ts'
import { isRelevant } from './core.ts'
import type { Gossip } from './gossip.ts'
import { asMember, isLive } from './membership.ts'
import type { Channel } from './ports.ts'
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

interface Outstanding {
  readonly id: Identifier
  readonly sentAt: number
  /** Who asked for this ping, and under which number, when it is an indirect probe. */
  readonly asker: { readonly contact: Contact; readonly sequence: number } | null
}

export class FailureDetector {
  readonly #core: Core
  readonly #gossip: Gossip
  readonly #watches = new Map<Identifier, Watch>()
  readonly #outstanding = new Map<number, Outstanding>()
  /** Successors given by hand, not heard yet: awaited, not judged. */
  readonly #awaited = new Set<Identifier>()
  /** Remembered from an earlier run and not tried since. */
  #untried: Identifier[] = []
  #nextRoundAt = 0
  #nextDeadRetryAt = 0

  constructor(core: Core, gossip: Gossip) {
    this.#core = core
    this.#gossip = gossip
  }

  /** Peers that may not have been started yet: no verdict before they were heard once. */
  awaitFirst(ids: readonly Identifier[]): void {
    for (const id of ids) this.#awaited.add(id)
  }

  /** Tries these members of an earlier run soon, one after the other. */
  lookFor(ids: readonly Identifier[]): void {
    this.#untried = [...ids]
  }

  tick(now: number): void {
    if (now >= this.#nextRoundAt) this.#round(now)
    for (const watch of this.#watches.values()) if (watch.deadline <= now) this.#escalate(watch, now)
    if (now >= this.#nextDeadRetryAt) this.#retryDead(now)
  }

  /** Pings the neighbours on the next tick. */
  roundNow(): void {
    this.#nextRoundAt = 0
  }

  /** Forgets every pending judgement: this machine slept, its silence proves nothing about others. */
  forget(): void {
    this.#watches.clear()
    this.#outstanding.clear()
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
        this.ping(contact, 'stream')
        deadline = Math.max(deadline, now + this.#core.roundTrips.streamTimeout(contact.id) * this.#core.patience)
      }
      this.#watches.set(contact.id, { ...watch, deadline })
    }
  }

  /** Looks now whether `contact` is there. */
  probe(contact: Contact): void {
    if (contact.id === this.#core.self.id || this.#watches.has(contact.id)) return
    const sequence = this.ping(contact, 'datagram')
    this.#watch(contact, 'pinged', { sequence, waitMs: this.#core.roundTrips.timeout(contact.id) })
  }

  /** One ping; no answer to it has no consequence. The sequence number. `claims`: said to the target before other news. */
  ping(contact: Contact, channel: Channel, claims: readonly Member[] = []): number {
    const core = this.#core
    const sequence = this.#number(contact.id, null)
    core.send(contact, channel, {
      command: 'ping',
      sequence,
      incarnation: core.incarnation,
      place: core.neighbours.placeOf(contact.id),
      viewDigest: this.#gossip.digest(),
      revision: core.revision,
      gossip: claims.length > 0 ? claims.map(asMember) : this.#gossip.take(contact.id),
    })
    return sequence
  }

  /** Answers a ping where it came from (`seen`), if the transport saw that, else by what is known of the sender. */
  receivePing(message: Ping, channel: Channel, { sender, seen }: { readonly sender: Contact; readonly seen: Contact | null }): void {
    const core = this.#core
    if (sender.ways.length > 0) this.#gossip.learn({ contact: sender, incarnation: message.incarnation, state: 'alive' })
    this.#announced(message)
    this.#gossip.absorb(message.gossip)
    core.emit({ kind: 'ping-received', peer: sender.id })
    core.send(seen ?? sender, channel, {
      command: 'response',
      sequence: message.sequence,
      incarnation: core.incarnation,
      viewDigest: this.#gossip.digest(),
      revision: core.revision,
      gossip: this.#gossip.take(sender.id, seen),
    })
  }

  receiveResponse(message: Response, sender: Contact): void {
    const ping = this.#outstanding.get(message.sequence)
    if (ping?.id !== message.source) return
    this.#outstanding.delete(message.sequence)
    const roundTripMs = this.#core.clock.now() - ping.sentAt
    this.#core.roundTrips.sample(message.source, roundTripMs)
    if (sender.ways.length > 0) this.#gossip.learn({ contact: sender, incarnation: message.incarnation, state: 'alive' })
    this.#announced(message)
    this.#gossip.absorb(message.gossip)
    if (ping.asker) {
      this.#core.send(ping.asker.contact, 'datagram', { command: 'probed', sequence: ping.asker.sequence, target: message.source })
      return
    }
    this.#core.emit({ kind: 'response-received', peer: message.source, roundTripMs })
    this.#gossip.compareDigest(sender, message.viewDigest)
  }

  receiveProbe(message: Probe, sender: Contact): void {
    const core = this.#core
    if (message.target.id === core.self.id) return
    const sequence = this.#number(message.target.id, { contact: sender, sequence: message.sequence })
    core.send(message.target, 'datagram', {
      command: 'ping',
      sequence,
      incarnation: core.incarnation,
      place: core.neighbours.placeOf(message.target.id),
      viewDigest: this.#gossip.digest(),
      revision: core.revision,
      gossip: this.#gossip.take(message.target.id),
    })
  }

  receiveProbed(message: Probed): void {
    if (this.#watches.get(message.target)?.sequence === message.sequence) this.heard(message.target)
  }

  /** A message from `id` came: it is there. */
  heard(id: Identifier): void {
    this.#awaited.delete(id)
    this.#watches.delete(id)
    this.#core.table.heard(id, this.#core.clock.now())
  }

  #announced({ source, revision }: Ping | Response): void {
    if (this.#core.table.announced(source, revision)) this.#core.emit({ kind: 'revision', peer: source, revision })
  }

  #number(id: Identifier, asker: Outstanding['asker']): number {
    const sequence = this.#core.pending.nextExchange()
    this.#outstanding.set(sequence, { id, sentAt: this.#core.clock.now(), asker })
    return sequence
  }

  #round(now: number): void {
    const { parameters, neighbours, random, table } = this.#core
    this.#nextRoundAt = now + parameters.pingIntervalMs * (0.9 + 0.2 * random.next())
    for (const [sequence, ping] of this.#outstanding) if (ping.sentAt + timing.staleSuspicionMs < now) this.#outstanding.delete(sequence)
    const targets = new Map(neighbours.successors.slice(0, parameters.pingedSuccessors).map((contact) => [contact.id, contact]))
    const { predecessor } = neighbours
    if (parameters.pingPredecessor && predecessor) targets.set(predecessor.id, predecessor)
    if (targets.size > 0) this.#core.emit({ kind: 'pings-sent', peers: [...targets.keys()] })
    for (const target of targets.values()) this.probe(target)
    this.#lookFurther(targets)
    // a suspicion that nobody brought to an end
    for (const id of table.suspects) {
      const entry = table.get(id)
      if (entry && entry.stateSince + timing.staleSuspicionMs < now) this.probe(entry.contact)
    }
  }

  /** Where the ring keeps a view: one random member is watched too (SWIM), so that many deaths at once are found at once; and more are told the news. */
  #lookFurther(neighbours: ReadonlyMap<Identifier, Contact>): void {
    const { random, table, parameters } = this.#core
    if (parameters.viewCap === 0) return
    for (let i = 0; i <= (this.#gossip.hasNews ? counts.gossipTargets : 0); i++) {
      const entry = table.get(pick(random, table.liveIds()) as Identifier)
      if (!entry || neighbours.has(entry.contact.id)) continue
      if (i === 0) this.probe(entry.contact)
      else this.ping(entry.contact, 'datagram')
    }
  }

  #watch(contact: Contact, stage: Stage, how: { sequence: number; waitMs: number; halfWaitMs?: number }): void {
    const deadline = this.#core.clock.now() + how.waitMs * this.#core.patience
    this.#watches.set(contact.id, { contact, stage, deadline, sequence: how.sequence, halfWaitMs: how.halfWaitMs ?? 0 })
  }

  #escalate(watch: Watch, now: number): void {
    const { contact } = watch
    const waitMs = this.#core.roundTrips.timeout(contact.id)
    const isSuspected = watch.stage === 'suspected' || watch.stage === 'last-call'
    if (isSuspected && this.#core.table.get(contact.id)?.state === 'alive') {
      // refuted: its higher incarnation came by way of others
      this.#watches.delete(contact.id)
    } else if (watch.stage === 'pinged') {
      this.#watch(contact, 'retried', { sequence: this.ping(contact, 'datagram'), waitMs })
    } else if (watch.stage === 'retried') {
      const sequence = this.ping(contact, 'stream')
      this.#probeIndirectly(contact, sequence)
      this.#watch(contact, 'probed', { sequence, waitMs: Math.max(2 * waitMs, this.#core.roundTrips.streamTimeout(contact.id)) })
    } else if (watch.stage === 'probed') {
      this.#suspect(watch, now)
    } else if (watch.stage === 'suspected') {
      this.ping(contact, 'stream')
      const sequence = this.ping(contact, 'datagram')
      this.#watch(contact, 'last-call', { sequence, waitMs: watch.halfWaitMs, halfWaitMs: watch.halfWaitMs })
    } else {
      this.#watches.delete(contact.id)
      this.#judge(contact, 'dead')
    }
  }

  #probeIndirectly(target: Contact, sequence: number): void {
    const helpers = this.#core.neighbours.all().filter((contact) => contact.id !== target.id && !this.#watches.has(contact.id))
    for (let i = 0; i < counts.indirectProbes && helpers.length > 0; i++) {
      const [helper] = helpers.splice(Math.floor(this.#core.random.next() * helpers.length), 1)
      if (helper) this.#core.send(helper, 'datagram', { command: 'probe', sequence, target })
    }
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
    this.ping(contact, 'stream')
  }

  #judge(contact: Contact, state: 'suspect' | 'dead'): void {
    const known = this.#core.table.get(contact.id)
    if (known && !isLive(known.state)) return
    this.#gossip.learn({ contact, incarnation: known?.incarnation ?? 0, state })
    if (state === 'suspect' && isRelevant(this.#core, contact.id) && known?.state !== 'suspect') {
      this.#core.emit({ kind: 'suspected', peer: contact.id })
    }
  }

  /** Tries one of those that died: halves of a ring that lost each other find each other again. */
  #retryDead(now: number): void {
    const { table, random, neighbours } = this.#core
    const hurry = !neighbours.head || this.#untried.length > 0
    this.#nextDeadRetryAt = now + (hurry ? timing.aloneRetryMs : timing.deadRetryMs) * (0.9 + 0.2 * random.next())
    const dead = [...table.all()].filter((entry) => entry.state === 'dead')
    for (const entry of dead) if (entry.stateSince + timing.rememberDeadMs < now) table.remove(entry.contact.id)
    while (this.#untried.length > 0 && table.get(this.#untried[0] as Identifier)?.state !== 'dead') this.#untried.shift()
    const untried = this.#untried.shift()
    const entry = untried === undefined ? pick(random, dead) : table.get(untried)
    if (entry) this.ping(entry.contact, neighbours.head ? 'datagram' : 'stream')
  }
}
