/** What storing, requesting, serving and repairing share: this peer's ring, connections, stores and news. */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import type { ArcQuestion, Changed, Damaged, FileMessage, LookupPurpose } from '../protocol/messages.ts'
import type { Connection } from '../net/connection.ts'
import type { ContentStore } from '../disk/content-store.ts'
import type { Disk } from '../disk/disk.ts'
import type { RecordStore, Revisions } from '../disk/record-store.ts'
import type { Timers } from '../ring/ports.ts'
import type { RingParameters } from '../ring/ring-options.ts'
import type { Catalogue } from './catalogue.ts'
import type { ContentUse } from './content-use.ts'
import type { Intake } from './intake.ts'

export interface Located {
  readonly owner: Contact
  /** The owner first, then those after it, clockwise. */
  readonly candidates: readonly Contact[]
  readonly route: readonly Identifier[]
  readonly lookupMs: number
}

/** News from below, by their PeerEvent names; ids still as identifiers. */
export type TransferNews =
  | { readonly kind: 'serving' | 'served'; readonly name: string; readonly peer: Identifier; readonly bytes: number }
  | { readonly kind: 'copy-kept' | 'receiving'; readonly name: string; readonly peer: Identifier }
  | { readonly kind: 'copy-dropped'; readonly name: string; readonly sha256: string }
  | { readonly kind: 'copy-damaged' | 'put-aside'; readonly name: string }
  | { readonly kind: 'repaired'; readonly name: string; readonly to: readonly Identifier[] }

/** What repair knows of this machine's records, and says to others. */
export interface RepairSide {
  /** Whether this machine has compared what it knows of this key with others: only then does "no such name" mean something. */
  isSynced(key: Identifier): boolean
  /** Another member asks something: so it is there, though this machine may not have heard of it yet. */
  asked(): void
  /** True while this machine, back after a long absence, does not know yet what of its own the ring still wants: it tells of none of it. */
  isApart(): boolean
  /** How long this machine has been in company of other members, without a break that counts, in ms. */
  togetherMs(): number
  /** Another machine's records have this revision now. */
  heard(machine: Identifier, revision: number): void
  /** An answer told another machine of these changes here. */
  told(machine: Identifier, revisions: Revisions): void
  /** Bytes of this content here were found bad: the copy is read again, and replaced when it is damaged. */
  lookAgain(sha256: string): void
  /** Answers a question about arcs, a hint at a damaged copy, or the news of a change. Throws as an exchange does. */
  answer(connection: Connection, message: ArcQuestion | Damaged | Changed): Promise<void>
}

export interface TransferContext {
  readonly self: Contact
  readonly machineName: string
  readonly space: IdentifierSpace
  readonly parameters: RingParameters
  /** Where the files that a person stores and requests lie. */
  readonly disk: Disk
  readonly contents: ContentStore
  readonly records: RecordStore
  readonly catalogue: Catalogue
  /** Which contents are counted on just now. */
  readonly use: ContentUse
  /** Whether copies may be kept here just now. */
  readonly intake: Intake
  readonly repair: RepairSide
  keyOf(name: string): Identifier
  /** Owner and candidates of a name's key, by the ring's look-up. Throws `peer-unreachable`. */
  locate(name: string, purpose: LookupPurpose): Promise<Located>
  /** Owner first, live machines only, by own knowledge. */
  replicaSet(key: Identifier, count: number): readonly Contact[]
  /** Members online, self included. */
  online(): readonly Contact[]
  /** Members away that did not leave. */
  away(): readonly Identifier[]
  /** Members that count for acknowledgements: seen in the last 24 h and not left, self included. */
  ringSize(): number
  open(to: Contact, signal?: AbortSignal): Promise<Connection>
  contact(id: Identifier): Contact | null
  emit(news: TransferNews): void
  readonly timers: Timers
  /** Unix time in ms, for people. */
  wallClock(): number
}

/** The envelope of a message from this peer. */
export function between(context: TransferContext, to: Identifier): { readonly destination: Identifier; readonly source: Identifier } {
  return { destination: to, source: context.self.id }
}

export type AnswerTo<C extends FileMessage['command']> = Extract<FileMessage, { command: C }>
