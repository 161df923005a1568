/** Pings and responses as messages: what they carry, which ones still wait for an answer, and what an answer tells. Who is pinged, and what silence means, is failure-detector.ts. */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { Member, Ping, Response } from '../protocol/messages.ts'
import { type Core, selfAsMember } from './core.ts'
import type { Gossip } from './gossip.ts'
import { asMember } from './membership.ts'
import type { Channel } from './ports.ts'
import { timing } from './timing.ts'

interface Outstanding {
  readonly id: Identifier
  readonly sentAt: number
  readonly asker: Asker | null
}

/** Who asked for a ping, and under which number: an indirect probe. */
export interface Asker {
  readonly contact: Contact
  readonly sequence: number
}

export class Pings {
  readonly #core: Core
  readonly #gossip: Gossip
  readonly #outstanding = new Map<number, Outstanding>()

  constructor(core: Core, gossip: Gossip) {
    this.#core = core
    this.#gossip = gossip
  }

  /** One ping; no answer to it has no consequence. Its sequence number. `claims`: said to the target before other news. */
  send(contact: Contact, channel: Channel, claims: readonly Member[] = []): number {
    const gossip = claims.length > 0 ? claims.map(asMember) : this.#gossip.take(contact.id)
    return this.#send(contact, channel, { gossip, asker: null })
  }

  /** A ping for another peer, who is told when it is answered. Its sequence number. */
  sendFor(asker: Asker, target: Contact): number {
    return this.#send(target, 'datagram', { gossip: this.#gossip.take(target.id), asker })
  }

  /** Answers a ping where it came from (`seen`), if the transport saw that, else by what is known of the sender. */
  receive(message: Ping, channel: Channel, { sender, seen }: { readonly sender: Contact; readonly seen: Contact | null }): void {
    const core = this.#core
    this.#learnFrom(message, sender, seen)
    core.emit({ kind: 'ping-received', peer: sender.id })
    // who asks on a stream had no answer to datagrams: it may have us at another place
    const own = channel === 'stream' ? [selfAsMember(core)] : []
    core.send(seen ?? sender, channel, {
      command: 'response',
      sequence: message.sequence,
      incarnation: core.incarnation,
      viewDigest: this.#gossip.digest(),
      listsDigest: core.neighbours.digest(),
      revision: core.revision,
      gossip: [...own, ...this.#gossip.take(sender.id, seen)].slice(0, limits.gossipMembers),
    })
    // a datagram of ours shows, also behind a router, where we are
    if (channel === 'stream' && sender.ways.length > 0) this.send(sender, 'datagram')
  }

  receiveResponse(message: Response, { sender, seen }: { readonly sender: Contact; readonly seen: Contact | null }): void {
    const core = this.#core
    const ping = this.#outstanding.get(message.sequence)
    if (ping?.id !== message.source) return
    this.#outstanding.delete(message.sequence)
    const roundTripMs = core.clock.now() - ping.sentAt
    core.roundTrips.sample(message.source, roundTripMs, message.sequence)
    this.#learnFrom(message, sender, seen)
    if (ping.asker) {
      core.send(ping.asker.contact, 'datagram', { command: 'probed', sequence: ping.asker.sequence, target: message.source })
      return
    }
    core.emit({ kind: 'response-received', peer: message.source, roundTripMs })
    this.#gossip.compareDigest(sender, message.viewDigest)
  }

  /** Gives up on answers that cannot come any more. */
  expire(now: number): void {
    for (const [sequence, ping] of this.#outstanding) if (ping.sentAt + timing.staleSuspicionMs < now) this.#outstanding.delete(sequence)
  }

  forget(): void {
    this.#outstanding.clear()
  }

  #send(to: Contact, channel: Channel, { gossip, asker }: { readonly gossip: readonly Member[]; readonly asker: Asker | null }): number {
    const core = this.#core
    const sequence = core.pending.nextExchange()
    this.#outstanding.set(sequence, { id: to.id, sentAt: core.clock.now(), asker })
    core.send(to, channel, {
      command: 'ping',
      sequence,
      incarnation: core.incarnation,
      place: core.neighbours.placeOf(to.id),
      viewDigest: this.#gossip.digest(),
      revision: core.revision,
      gossip,
    })
    return sequence
  }

  #learnFrom({ source, incarnation, revision, gossip }: Ping | Response, sender: Contact, seen: Contact | null): void {
    const core = this.#core
    // a stream shows that it is there, not where: its ways are those of before
    const placedAt = seen ? incarnation : Math.min(incarnation, core.table.get(source)?.placedAt ?? -1)
    if (sender.ways.length > 0) this.#gossip.learn({ contact: sender, incarnation, state: 'alive' }, placedAt)
    if (core.table.announced(source, revision)) core.emit({ kind: 'revision', peer: source, revision })
    this.#gossip.absorb(gossip)
  }
}
