/** What the ring knows of a name: the look-up, then the answers of the machines that should know, merged. */

import { AppError } from '../../../shared/errors.ts'
import type { CatalogueEntry } from '../disk/record-store.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { LookupPurpose } from '../protocol/messages.ts'
import { mergeRecords, type FileRecord } from '../protocol/record.ts'
import { askRecord } from './exchange.ts'
import type { Located, TransferContext } from './transfer-context.ts'

export interface KnownRecord extends Located {
  /** Null when nobody who was asked knows the name. */
  readonly record: FileRecord | null
  /** sha256 -> machines that hold it now, nearest to the key first. */
  readonly holders: ReadonlyMap<string, readonly Contact[]>
  /** Machines that should know but did not answer. */
  readonly silent: readonly Contact[]
  /**
   * Whether "nobody knows the name" may be said: as many machines as keep copies have answered that have compared what they know with
   * others, or all machines that there are have answered. A machine back from a long absence answers, but tells nothing yet.
   */
  readonly certain: boolean
}

/** Machines asked in one read, in multiples of the copies: newcomers that know nothing yet may stand before those who do. */
export const askedRounds = 3

/**
 * Looks the name up and asks the replica set, and whoever the catalogue names as holder. Who has not compared yet what it knows with
 * others does not count: the machines behind it are asked, too. Throws `peer-unreachable` only when the look-up itself fails.
 */
export async function readRecord(context: TransferContext, name: string, purpose: LookupPurpose): Promise<KnownRecord> {
  const located = await context.locate(name, purpose)
  const { copies } = context.parameters
  const waiting = candidatesOf(context, located, name)
  const answers: Answer[] = []
  let due = copies + knownHolders(context, [name]).length
  while (due > 0 && waiting.length > 0 && answers.length < copies * askedRounds + due) {
    answers.push(...(await Promise.all(waiting.splice(0, due).map((contact) => askOne(context, contact, name)))))
    due = copies - answers.filter((answer) => answer.synced).length
  }
  let record: FileRecord | null = null
  const holders = new Map<string, Contact[]>()
  for (const { contact, entry } of answers) {
    if (!entry) continue
    record = record ? mergeRecords(record, entry.record) : entry.record
    for (const [sha256] of entry.held) holders.set(sha256, [...(holders.get(sha256) ?? []), contact])
  }
  const silent = answers.filter((answer) => answer.silent).map((answer) => answer.contact)
  return { ...located, record, holders, silent, certain: isCertain(context, answers) }
}

/** What one machine said, or that it said nothing. */
export interface Answered {
  readonly contact: Contact
  readonly synced: boolean
  /** It did not answer. */
  readonly silent: boolean
  /** It keeps what it knows to itself, as it was away for long: that it names nothing says nothing. */
  readonly apart: boolean
}

interface Answer extends Answered {
  readonly entry: CatalogueEntry | null
}

/** The replica set, known holders, then those after the replica set, each once. */
export function candidatesOf(context: TransferContext, located: Located, name: string): Contact[] {
  const { copies } = context.parameters
  const { candidates } = located
  const all = [...candidates.slice(0, copies), ...knownHolders(context, [name]), ...candidates.slice(copies)]
  return [...new Map([...all, ...context.replicaSet(context.keyOf(name), limits.next)].map((contact) => [contact.id, contact])).values()]
}

/** Machines online that have the record of any of these names, as far as this one knows. */
export function knownHolders(context: TransferContext, names: readonly string[]): Contact[] {
  const online = new Set(context.online().map((contact) => contact.id))
  const machines = new Set<Identifier>()
  for (const name of names) for (const machine of context.catalogue.get(name)?.machines.keys() ?? []) machines.add(machine)
  return [...machines]
    .filter((machine) => online.has(machine))
    .map((machine) => context.contact(machine))
    .filter((contact) => contact !== null)
}

export function isCertain(context: TransferContext, answers: readonly Answered[]): boolean {
  if (answers.filter((answer) => answer.synced).length >= context.parameters.copies) return true
  const answered = new Set(answers.filter((answer) => !answer.silent && !answer.apart).map((answer) => answer.contact.id))
  return [...context.online().map((contact) => contact.id), ...context.away()].every((id) => answered.has(id))
}

async function askOne(context: TransferContext, contact: Contact, name: string): Promise<Answer> {
  if (contact.id === context.self.id) {
    const apart = context.repair.isApart()
    const synced = context.repair.isSynced(context.keyOf(name)) && !apart
    return { contact, entry: await context.records.get(name), synced, silent: false, apart }
  }
  try {
    const { entry, synced, togetherMs } = await askRecord(context, contact, name)
    return { contact, entry, synced, silent: false, apart: !synced && togetherMs === 0 }
  } catch (error) {
    if (error instanceof AppError && error.code !== 'internal') return { contact, entry: null, synced: false, silent: true, apart: false }
    throw error
  }
}
