/**
 * Who is next to whom: the successor list (variable length, min(r, N-1)), the predecessor, and the predecessors further back
 * as far as their pings tell. Lists are always in clockwise order from self, without self and without duplicates.
 */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { hashOn, hashStart, hexOf, mixed } from './hash.ts'
import { between } from './interval.ts'

interface Placed {
  readonly contact: Contact
  heardAt: number
}

/** A successor list out of `contacts`: in order from `self`, cut at self (the end of a full circle) and at `length`. */
export function cutList(self: Identifier, contacts: readonly Contact[], length: number): Contact[] {
  const list: Contact[] = []
  for (const contact of contacts) {
    if (contact.id === self || list.length >= length) break
    const last = list.at(-1)
    // a contact not further on than the last one is stale or wrong: stepped over, the list stays in order
    if (!last || between(last.id, contact.id, self)) list.push(contact)
  }
  return list
}

/** Hash of a peer's predecessor and successors, ways included: equal lists have equal digests. 8 hexadecimal digits. */
export function digestOfLists(predecessor: Contact | null, successors: readonly Contact[]): string {
  let hash = predecessor ? hashContact(hashStart, predecessor) : hashOn(hashStart, '-')
  for (const contact of successors) hash = hashContact(hash, contact)
  return hexOf(mixed(hash))
}

function hashContact(hash: number, { id, ways }: Contact): number {
  let value = hashOn(hash, id)
  for (const way of ways) value = hashOn(hashOn(value, '@'), way)
  return value
}

export function sameIds(a: readonly Contact[], b: readonly Contact[]): boolean {
  return a.length === b.length && a.every((contact, index) => contact.id === b[index]?.id)
}

/** One list of two, each in clockwise order from `self`. Of those in both, as they stand in the first. */
export function mergeClockwise(self: Identifier, first: readonly Contact[], second: readonly Contact[]): Contact[] {
  const merged: Contact[] = []
  let next = 0
  for (const contact of first) {
    for (let other = second[next]; other && between(self, other.id, contact.id); other = second[++next]) merged.push(other)
    if (second[next]?.id === contact.id) next++
    merged.push(contact)
  }
  return merged.concat(second.slice(next))
}

/** The nearest behind `self` of those that are there. */
export function nearerBehind(self: Identifier, contacts: readonly (Contact | null)[]): Contact | null {
  let nearest: Contact | null = null
  for (const contact of contacts) if (contact && (!nearest || between(nearest.id, contact.id, self))) nearest = contact
  return nearest
}

export class Neighbours {
  readonly #self: Identifier
  readonly #length: number
  readonly #onChanged: () => void
  #successors: readonly Contact[] = []
  #predecessor: Contact | null = null
  /** Peers whose pings said that this one is among their successors. */
  readonly #placed = new Map<Identifier, Placed>()
  /** Sorted once until something changes: it is asked for at every tick. */
  #predecessors: readonly Contact[] | null = null
  #all: readonly Contact[] | null = null
  #digest: string | null = null
  #changes = 0

  /** `length`: successors kept at most. */
  constructor(self: Identifier, length: number, onChanged: () => void = () => undefined) {
    this.#self = self
    this.#length = length
    this.#onChanged = onChanged
  }

  get successors(): readonly Contact[] {
    return this.#successors
  }

  get head(): Contact | null {
    return this.#successors[0] ?? null
  }

  get predecessor(): Contact | null {
    return this.#predecessor
  }

  get maxLength(): number {
    return this.#length
  }

  /** The list stays the same object while nothing in it changes. */
  setSuccessors(contacts: readonly Contact[]): void {
    const list = cutList(this.#self, contacts, this.#length)
    if (list.length === this.#successors.length && list.every((contact, index) => contact === this.#successors[index])) return
    this.#changed()
    this.#successors = list
  }

  setPredecessor(contact: Contact | null): void {
    if (contact === this.#predecessor) return
    this.#changed()
    this.#predecessor = contact
  }

  /** Goes up with every change of who is a neighbour, or where. */
  get changes(): number {
    return this.#changes
  }

  #changed(): void {
    this.#placesChanged()
    this.#digest = null
  }

  /** Who told us our place is another: in neither list that others see. */
  #placesChanged(): void {
    this.#changes++
    this.#predecessors = null
    this.#all = null
    this.#onChanged()
  }

  /** Of predecessor and successors as they stand: on every response. */
  digest(): string {
    this.#digest ??= digestOfLists(this.#predecessor, this.#successors)
    return this.#digest
  }

  hasSuccessor(id: Identifier): boolean {
    return this.#successors.some((contact) => contact.id === id)
  }

  /** Place of `id` in the successor list from 1 on, or 0. */
  placeOf(id: Identifier): number {
    return this.#successors.findIndex((contact) => contact.id === id) + 1
  }

  /** A ping said that this peer is (or, with place 0, is not) among the sender's successors. */
  placed(contact: Contact, place: number, now: number): void {
    const placed = this.#placed.get(contact.id)
    if (place > 0 && placed?.contact === contact) {
      placed.heardAt = now
    } else if (place > 0) {
      this.#placesChanged()
      this.#placed.set(contact.id, { contact, heardAt: now })
    } else if (placed) {
      this.#placesChanged()
      this.#placed.delete(contact.id)
    }
  }

  /** Known predecessors, nearest first. */
  predecessors(): readonly Contact[] {
    this.#predecessors ??= this.#sortPredecessors()
    return this.#predecessors
  }

  #sortPredecessors(): Contact[] {
    const known = new Map([...this.#placed].map(([id, placed]) => [id, placed.contact]))
    if (this.#predecessor) known.set(this.#predecessor.id, this.#predecessor)
    // counter-clockwise from self: the further on clockwise, the nearer behind
    const sorted = [...known.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
    const behind = sorted.filter((contact) => contact.id < this.#self)
    return [...behind, ...sorted.filter((contact) => contact.id > this.#self)]
  }

  /** A neighbour is to be reached elsewhere now. */
  moved(contact: Contact): void {
    const isElsewhere = (known: Contact | null | undefined) => known?.id === contact.id && known !== contact
    if (!isElsewhere(this.#predecessor) && !isElsewhere(this.#placed.get(contact.id)?.contact) && !this.#successors.some(isElsewhere))
      return
    this.#changed()
    const renew = (old: Contact) => (old.id === contact.id ? contact : old)
    this.#successors = this.#successors.map(renew)
    if (this.#predecessor) this.#predecessor = renew(this.#predecessor)
    const placed = this.#placed.get(contact.id)
    if (placed) this.#placed.set(contact.id, { ...placed, contact })
  }

  /** Removes a peer that is gone. The predecessor stays until there is another: see stabilize.ts. */
  remove(id: Identifier): void {
    if (!this.#placed.has(id) && !this.hasSuccessor(id)) return
    this.#changed()
    this.#successors = this.#successors.filter((contact) => contact.id !== id)
    this.#placed.delete(id)
  }

  /** Forgets places that no ping has confirmed since `before`. */
  expirePlaces(before: number): void {
    for (const [id, placed] of this.#placed) {
      if (placed.heardAt >= before) continue
      this.#placed.delete(id)
      this.#placesChanged()
    }
  }

  /** All contacts in here, each once. */
  all(): readonly Contact[] {
    this.#all ??= this.#collect()
    return this.#all
  }

  #collect(): Contact[] {
    const contacts = new Map<Identifier, Contact>()
    for (const contact of [...this.#successors, ...this.predecessors()]) contacts.set(contact.id, contact)
    return [...contacts.values()]
  }
}
