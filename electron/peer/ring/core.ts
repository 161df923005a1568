/** What the parts of the ring share: parameters, the world, the tables. ring.ts makes one and hands it to every part. */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import type { Member, RingMessage } from '../protocol/messages.ts'
import type { Deadlines } from './deadlines.ts'
import type { Change, Membership } from './membership.ts'
import type { Neighbours } from './neighbours.ts'
import type { Pending } from './pending.ts'
import type { Channel, Clock, Random } from './ports.ts'
import type { RingEvent } from './ring-events.ts'
import type { RingParameters } from './ring-options.ts'
import type { RoundTrips } from './round-trips.ts'

/** A message without its two ends: `send` writes them. */
export type Body = RingMessage extends infer M ? (M extends RingMessage ? Omit<M, 'destination' | 'source'> : never) : never

/** `member`: in the ring, were it a ring of one. */
export type Phase = 'outside' | 'joining' | 'member' | 'left'

export interface Core {
  readonly parameters: RingParameters
  readonly space: IdentifierSpace
  readonly clock: Clock
  readonly random: Random
  readonly deadlines: Deadlines
  readonly table: Membership
  readonly neighbours: Neighbours
  readonly pending: Pending
  readonly roundTrips: RoundTrips
  self: Contact
  incarnation: number
  /** Number of the last change of this peer's records, announced on every ping and response. */
  revision: number
  phase: Phase
  /** Multiplies every wait for others: above 1 while this machine is itself slow (Lifeguard, local health). */
  patience: number
  /** Writes the two ends into `body`, which was made for this one message, and sends it. */
  send(to: Contact, channel: Channel, body: Body): void
  emit(event: RingEvent): void
  /** Contact of a peer by whatever this one knows, or null. */
  contact(id: Identifier): Contact | null
  readonly hooks: Hooks
}

/** Where one part's finding is another part's work. */
export interface Hooks {
  /** The table took in news of a member. */
  memberChanged(change: Change): void
  /** Somebody says that a member is dead which this peer hears well. */
  disputed(member: Member): void
  /** A peer left a question open: look whether it is there. */
  suspicious(contact: Contact): void
  /** A list names a member at `contact`, which the table has elsewhere, or as gone: it is asked there which is right. */
  elsewhere(contact: Contact): void
  /** The neighbour list has new heads: greet them, so that they know their place. */
  greet(contact: Contact): void
  /** This peer was thought gone, and has said that it is not. */
  refuted(): void
}

export function selfAsMember(core: Core): Member {
  return { contact: core.self, incarnation: core.incarnation, state: 'alive' }
}

/** Whoever keeps a view of the ring tells of all its members; else news is of successors only. */
export function isRelevant(core: Core, id: Identifier): boolean {
  return core.parameters.viewCap > 0 || core.neighbours.hasSuccessor(id)
}
