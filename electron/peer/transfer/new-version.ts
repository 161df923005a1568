/** Making a version: its count, what it supersedes, its id; and settling the count once the version was acknowledged, or not. */

import { sha256Hex } from '../disk/sha256.ts'
import { dotsOf } from '../protocol/dots.ts'
import { highestKnown, withVersion, type FileRecord, type Version } from '../protocol/record.ts'
import type { TransferContext } from './transfer-context.ts'

export type NewContent = Pick<Version, 'sha256' | 'sizeBytes' | 'manifestSha256' | 'originalName' | 'deleted'>

export interface VersionOptions {
  /** The record before, null for a new name. */
  readonly known: FileRecord | null
  readonly spelling: string
  readonly content: NewContent
  /** Of the record's versions, those that the new one takes the place of. */
  readonly old: readonly Version[]
}

/**
 * Runs `work` with the record that has a new version in it. When `work` throws, nobody acknowledged the version: this machine's next
 * one for the name supersedes it, in case some machine has it all the same.
 */
export async function withNewVersion<T>(
  context: TransferContext,
  options: VersionOptions,
  work: (record: FileRecord) => Promise<T>,
): Promise<T> {
  const name = options.spelling.normalize('NFC')
  const { counters } = context.records
  const version = await newVersion(context, options)
  try {
    const result = await work(withVersion(options.known, options.spelling, version))
    counters.settled(name, version.counter)
    return result
  } catch (error) {
    counters.gaveUp(name, version.counter)
    throw error
  }
}

async function newVersion(context: TransferContext, { known, spelling, content, old }: VersionOptions): Promise<Version> {
  const name = spelling.normalize('NFC')
  const writerId = context.space.format(context.self.id)
  const highest = highestKnown(known, writerId)
  const { counters } = context.records
  const failures = counters.failures(name).map((counter) => ({ writerId, counter }))
  const supersedes = dotsOf([...old, ...failures])
  const counter = await counters.next(name, highest.counter)
  const identity = JSON.stringify([content.sha256, writerId, counter, supersedes, content.deleted])
  return {
    version: sha256Hex(identity).slice(0, 40),
    sha256: content.sha256,
    sizeBytes: content.sizeBytes,
    manifestSha256: content.manifestSha256,
    lamport: 1 + highest.lamport,
    counter,
    writerId,
    writerName: context.machineName,
    storedAt: context.wallClock(),
    supersedes,
    deleted: content.deleted,
    originalName: content.originalName,
  }
}
