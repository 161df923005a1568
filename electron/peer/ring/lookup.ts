/**
 * Who owns a key. Two forms of one look-up: *asked*, the requester going from peer to peer, each naming closer ones (greedy
 * clockwise; with a whole view the first one asked is the owner); or *forwarded*, each peer passing it to its successor
 * until the owner answers the requester. Either way the answer brings the owner, its successors and the route.
 */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { Find, Found, LookupPurpose, RingMessage } from '../protocol/messages.ts'
import type { Core } from './core.ts'
import type { Deadline } from './deadlines.ts'
import { inArc } from './interval.ts'
import { closestPreceding, isMine, knowsOwner, replicaSet } from './placement.ts'
import { timing } from './timing.ts'

export type LookupResult =
  | {
      readonly ok: true
      readonly owner: Contact
      /** The owner's successors, after it. */
      readonly successors: readonly Contact[]
      /** Ids from self to the owner. */
      readonly route: readonly Identifier[]
    }
  | { readonly ok: false; readonly reason: string }

export interface LookupSubject {
  readonly purpose: LookupPurpose
  /** The file's name, shown to people; empty when it is not for a file. */
  readonly name: string
}

interface Search {
  readonly key: Identifier
  readonly what: LookupSubject
  readonly done: (result: LookupResult) => void
  readonly deadline: number
  readonly asked: Set<Identifier>
  /** Peers to ask, best first. */
  candidates: Contact[]
  /** Self and the peers that led on. */
  route: Identifier[]
  exchange: number
  /** While nobody is asked: when to start again. */
  againAt: number
}

export class Lookup {
  readonly #core: Core
  readonly #searches = new Set<Search>()
  /** Looked at on every tick while there are searches: they are few and short. */
  readonly #due: Deadline

  constructor(core: Core) {
    this.#core = core
    this.#due = core.deadlines.add()
  }

  start(key: Identifier, what: LookupSubject, done: (result: LookupResult) => void): void {
    const { clock, self, phase } = this.#core
    if (phase !== 'member') {
      done({ ok: false, reason: 'not in a ring' })
      return
    }
    const now = clock.now()
    const deadline = now + timing.lookupMs
    const search: Search = { key, what, done, deadline, asked: new Set(), candidates: [], route: [self.id], exchange: 0, againAt: now }
    this.#searches.add(search)
    this.#due.soon()
    if (!isMine(this.#core, key)) this.#core.emit({ kind: 'lookup-started', ...what })
    this.#begin(search)
  }

  tick(now: number): void {
    for (const search of this.#searches) {
      if (now >= search.deadline) this.#fail(search, 'no answer from the ring')
      else if (now >= search.againAt && !this.#core.pending.isOpen(search.exchange)) this.#begin(search)
    }
    this.#due.at = this.#searches.size > 0 ? now : Infinity
  }

  /** Ends every look-up: this peer leaves. */
  stop(): void {
    for (const search of this.#searches) this.#fail(search, 'this machine is leaving the ring')
  }

  receive(message: Find): void {
    const core = this.#core
    if (core.phase !== 'member') return
    if (this.#owns(message)) {
      core.emit({ kind: 'lookup-accepted', purpose: message.purpose, name: message.name, from: message.requester.id })
      const route = [...message.route, core.self.id].slice(-limits.route)
      const { exchange } = message
      core.send(message.requester, 'stream', {
        command: 'found',
        exchange,
        owner: core.self,
        successors: core.neighbours.successors,
        route,
      })
    } else if (message.forward) {
      this.#forward(message)
    } else {
      const contacts = this.#closer(message.key)
        .filter((contact) => contact.id !== message.requester.id && contact.id !== core.self.id)
        .slice(0, limits.closer)
      core.send(message.requester, 'stream', { command: 'closer', exchange: message.exchange, contacts })
    }
  }

  /** By our own arc; or, passed on to us by a predecessor, since nobody that we know of lies between. */
  #owns(message: Find): boolean {
    const { self, neighbours } = this.#core
    if (isMine(this.#core, message.key)) return true
    if (!message.forward || !inArc(message.source, message.key, self.id)) return false
    return !neighbours.predecessor || !inArc(message.source, message.key, neighbours.predecessor.id)
  }

  #forward(message: Find): void {
    const { self, neighbours } = this.#core
    const { predecessor, head } = neighbours
    // passed over somebody who came between: back to it, not once round
    const back = predecessor && predecessor.id !== message.source && inArc(message.source, message.key, predecessor.id)
    const next = back ? predecessor : head
    if (!next || message.route.length >= limits.route - 1) return
    const { command, exchange, forward, purpose, key, name, requester } = message
    this.#core.emit({ kind: 'lookup-forwarded', purpose, name, from: message.source })
    this.#core.send(next, 'stream', { command, exchange, forward, purpose, key, name, requester, route: [...message.route, self.id] })
  }

  #begin(search: Search): void {
    const core = this.#core
    search.againAt = core.clock.now() + timing.lookupAgainMs
    if (isMine(core, search.key)) {
      core.emit({ kind: 'lookup-accepted', ...search.what, from: core.self.id })
      this.#succeed(search, { owner: core.self, successors: core.neighbours.successors, route: [core.self.id] })
      return
    }
    search.asked.clear()
    search.route = [core.self.id]
    if (core.parameters.lookup === 'forwarded') {
      if (core.neighbours.head) this.#ask(search, core.neighbours.head, timing.forwardedAnswerMs)
    } else {
      search.candidates = this.#closer(search.key)
      this.#askNext(search)
    }
  }

  #askNext(search: Search): void {
    const next = search.candidates.find((contact) => !search.asked.has(contact.id) && contact.id !== this.#core.self.id)
    if (next) this.#ask(search, next, this.#core.roundTrips.streamTimeout(next.id) * this.#core.patience)
  }

  #ask(search: Search, target: Contact, waitMs: number): void {
    const { pending, clock, self, parameters } = this.#core
    search.asked.add(target.id)
    search.exchange = pending.nextExchange()
    pending.open(search.exchange, {
      deadline: clock.now() + waitMs,
      answered: (message) => this.#answered(search, message),
      timedOut: () => {
        this.#core.hooks.suspicious(target)
        if (parameters.lookup === 'asked') this.#askNext(search)
      },
    })
    const { exchange, key, route } = search
    const forward = parameters.lookup === 'forwarded'
    this.#core.send(target, 'stream', { command: 'find', exchange, forward, ...search.what, key, requester: self, route })
  }

  #answered(search: Search, message: RingMessage): void {
    if (!this.#searches.has(search)) return
    if (message.command === 'found') {
      this.#succeed(search, message)
    } else if (message.command === 'closer') {
      search.route = [...search.route, message.source].slice(-limits.route + 1)
      search.candidates = [...message.contacts, ...search.candidates]
      this.#askNext(search)
    }
  }

  /** The presumed owner, then the nearest before the key: at most `limits.closer`, best first, without self. */
  #closer(key: Identifier): Contact[] {
    const core = this.#core
    const { head, predecessor } = core.neighbours
    const contacts: (Contact | null | undefined)[] = []
    if (head && inArc(core.self.id, key, head.id)) contacts.push(head)
    else if (core.parameters.viewCap > 0 && knowsOwner(core, key)) contacts.push(...replicaSet(core, key, 1))
    // we would be the owner, but for a predecessor that says otherwise
    if (contacts[0]?.id === core.self.id) contacts.push(predecessor)
    contacts.push(...closestPreceding(core, key, limits.closer))
    const others = new Map<Identifier, Contact>()
    for (const contact of contacts) if (contact && contact.id !== core.self.id) others.set(contact.id, contact)
    return [...others.values()].slice(0, limits.closer)
  }

  #succeed(search: Search, { owner, successors, route }: Pick<Found, 'owner' | 'successors' | 'route'>): void {
    this.#searches.delete(search)
    this.#core.emit({ kind: 'lookup-done', ...search.what, owner: owner.id, route })
    search.done({ ok: true, owner, successors, route })
  }

  #fail(search: Search, reason: string): void {
    this.#searches.delete(search)
    this.#core.pending.close(search.exchange)
    search.done({ ok: false, reason })
  }
}
