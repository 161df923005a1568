/** Changes of a record that move no bytes: remove, restore, choose one of several versions. Each is a version that supersedes. */

import { AppError } from '../../../shared/errors.ts'
import type { Contact } from '../protocol/contact.ts'
import { liveVersions, type FileRecord, type Version } from '../protocol/record.ts'
import { sendRecord } from './exchange.ts'
import { readRecord, type KnownRecord } from './read-record.ts'
import { newVersion, withVersion } from './store-file.ts'
import type { TransferContext } from './transfer-context.ts'

/** Marks `name` deleted; its copies stay, so that it can be restored. Throws `not-found`, `peer-unreachable`. */
export async function removeFile(context: TransferContext, name: string): Promise<void> {
  const known = await knownRecord(context, name)
  const current = liveVersions(known.record)[0]
  if (!current) throw notFound(name)
  await supersede(context, known, { ...current, deleted: true })
}

/** Takes a removed file back. Throws `not-found` when it was never removed, or nobody remembers it. */
export async function restoreFile(context: TransferContext, name: string): Promise<void> {
  const known = await knownRecord(context, name)
  const removed = known.record.versions.find((version) => version.deleted)
  if (!removed || liveVersions(known.record).length > 0) throw new AppError('not-found', `${name} is not in the trash`, { name })
  await supersede(context, known, { ...removed, deleted: false })
}

/** Makes one of several live versions the current one. Throws `not-found`. */
export async function chooseVersion(context: TransferContext, name: string, version: string): Promise<void> {
  const known = await knownRecord(context, name)
  const chosen = liveVersions(known.record).find((candidate) => candidate.version === version)
  if (!chosen) throw new AppError('not-found', `${name} has no such version any more`, { name })
  await supersede(context, known, chosen)
}

type Known = KnownRecord & { readonly record: FileRecord }

async function knownRecord(context: TransferContext, name: string): Promise<Known> {
  const known = await readRecord(context, name.normalize('NFC'), 'find')
  if (!known.record) throw notFound(name)
  return { ...known, record: known.record }
}

function notFound(name: string): AppError {
  return new AppError('not-found', `${name} is not in the ring`, { name })
}

/** A version with the content of `from` that supersedes all, told to everyone who keeps the name; one of them is enough to last. */
async function supersede(context: TransferContext, known: Known, from: Version): Promise<void> {
  const { sha256, sizeBytes, manifestSha256, originalName, deleted } = from
  const version = newVersion(context, known.record.versions, { sha256, sizeBytes, manifestSha256, originalName, deleted })
  const record = withVersion(known.record, known.record.spelling, version)
  const told = new Map<Contact['id'], Contact>()
  for (const contact of known.candidates.slice(0, context.parameters.copies)) told.set(contact.id, contact)
  for (const machine of context.catalogue.get(record.name)?.machines.keys() ?? []) {
    const contact = context.contact(machine)
    if (contact) told.set(machine, contact)
  }
  const results = await Promise.allSettled(
    [...told.values()].map((contact) =>
      contact.id === context.self.id ? context.records.merge(record) : sendRecord(context, contact, { record }),
    ),
  )
  if (!results.some((result) => result.status === 'fulfilled')) {
    throw new AppError('peer-unreachable', `No machine that keeps ${record.spelling} answered; nothing was changed`, {
      name: record.spelling,
    })
  }
}
