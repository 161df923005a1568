/** What the ring knows of a name: the look-up, then the answers of the machines that should know, merged. */

import { AppError } from '../../../shared/errors.ts'
import type { CatalogueEntry } from '../disk/record-store.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
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
}

/**
 * Looks the name up and asks the replica set, and whoever the catalogue names as holder. Throws `peer-unreachable` only when
 * the look-up itself fails.
 */
export async function readRecord(context: TransferContext, name: string, purpose: LookupPurpose): Promise<KnownRecord> {
  const located = await context.locate(name, purpose)
  const asked = new Map<Identifier, Contact>()
  for (const contact of located.candidates.slice(0, context.parameters.copies)) asked.set(contact.id, contact)
  const online = new Set(context.online().map((contact) => contact.id))
  for (const machine of context.catalogue.get(name)?.machines.keys() ?? []) {
    const contact = online.has(machine) ? context.contact(machine) : null
    if (contact) asked.set(machine, contact)
  }
  const silent: Contact[] = []
  const answers = await Promise.all(
    [...asked.values()].map(async (contact) => {
      const entry = await askOne(context, contact, name)
      if (entry === 'silent') silent.push(contact)
      return { contact, entry: entry === 'silent' ? null : entry }
    }),
  )
  let record: FileRecord | null = null
  const holders = new Map<string, Contact[]>()
  for (const { contact, entry } of answers) {
    if (!entry) continue
    context.catalogue.put(contact.id, entry)
    record = record ? mergeRecords(record, entry.record) : entry.record
    for (const sha256 of Object.keys(entry.held)) holders.set(sha256, [...(holders.get(sha256) ?? []), contact])
  }
  return { ...located, record, holders, silent }
}

async function askOne(context: TransferContext, contact: Contact, name: string): Promise<CatalogueEntry | null | 'silent'> {
  if (contact.id === context.self.id) return context.records.get(name)
  try {
    return await askRecord(context, contact, name)
  } catch (error) {
    if (error instanceof AppError && error.code !== 'internal') return 'silent'
    throw error
  }
}
