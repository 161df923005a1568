/** Records and versions as tests write them: what a test does not name is believable. */

import { createHash } from 'node:crypto'
import { dotsOf, type Dot } from '../../electron/peer/protocol/dots.ts'
import { mergeRecords, type FileRecord, type Version } from '../../electron/peer/protocol/record.ts'

/** The hash of a content that a test names by a word. */
export const hashOf = (content: string): string => createHash('sha256').update(content).digest('hex')

export type VersionChange = Partial<Omit<Version, 'supersedes'>> & { readonly supersedes?: readonly Dot[] }

/** The version that `writerId` counts as `counter`, with the content that `content` names. */
export function versionOf(content: string, change: VersionChange = {}): Version {
  const supersedes = dotsOf(change.supersedes ?? [])
  const { writerId = 'a1', counter = 1, deleted = false, sha256 = hashOf(content) } = change
  const identity = JSON.stringify([sha256, writerId, counter, supersedes, deleted])
  return {
    version: createHash('sha256').update(identity).digest('hex').slice(0, 40),
    sha256,
    sizeBytes: content.length,
    manifestSha256: hashOf(`manifest of ${content}`),
    lamport: 1 + (change.supersedes?.length ?? 0),
    counter,
    writerId,
    writerName: 'Desk',
    storedAt: 1_700_000_000_000,
    deleted,
    originalName: 'x',
    ...change,
    supersedes,
  }
}

/** What these versions of a name make together. */
export function recordOf(name: string, ...versions: Version[]): FileRecord {
  const record: FileRecord = { name: name.normalize('NFC'), spelling: name, versions, earlier: [], superseded: {} }
  return mergeRecords(record, record)
}
