/** Requesting a file, the first half: which version, what it consists of and who holds it. What this machine holds itself is its own. */

import { AppError } from '../../../shared/errors.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { findVersion, liveVersions, type FileRecord, type Version } from '../protocol/record.ts'
import { manifestHash } from './build-manifest.ts'
import { askManifest } from './exchange.ts'
import { readRecord } from './read-record.ts'
import type { TransferContext } from './transfer-context.ts'

export interface FoundFile {
  readonly name: string
  readonly version: Version
  readonly manifest: Manifest
  /** Nearest to the key first; this machine alone when it holds the file. */
  readonly holders: readonly Contact[]
  readonly route: readonly Identifier[]
}

/** Finds a file's version, manifest and holders. Throws `not-found`, `out-of-reach`, `peer-unreachable`. */
export async function findFile(context: TransferContext, name: string, wanted: string | null): Promise<FoundFile> {
  const normal = name.normalize('NFC')
  const own = await findHere(context, normal, wanted)
  if (own) return own
  const known = await readRecord(context, normal, 'request')
  const version = known.record ? choose(known.record, wanted) : undefined
  if (!known.record || !version) {
    if (isHeardOf(context, normal)) {
      throw new AppError('out-of-reach', `${name} is out of reach until one of the machines that keep it is back`, { name })
    }
    if (known.certain) throw new AppError('not-found', `${name} is not in the ring`, { name })
    throw new AppError('out-of-reach', `Nobody reachable knows ${name}, and not all who may know it are here; try again later`, { name })
  }
  const holders = known.holders.get(version.sha256) ?? []
  for (const holder of holders) {
    const manifest = await askManifest(context, holder, { name: normal, ...version }).catch(() => null)
    if (manifest) return { name: known.record.spelling, version, manifest, holders, route: known.route }
  }
  throw new AppError('out-of-reach', `${name} is out of reach until one of its holders is back`, { name })
}

/** Whether this machine once heard of a live version: then nobody may say that there is none, only that it is away. */
function isHeardOf(context: TransferContext, name: string): boolean {
  const file = context.catalogue.get(name)
  return file !== null && liveVersions(file.record).length > 0
}

function choose(record: FileRecord, wanted: string | null): Version | undefined {
  return wanted === null ? liveVersions(record)[0] : findVersion(record, wanted)
}

/** The file from this machine's own store, when it has the version that the ring knows as current. */
async function findHere(context: TransferContext, name: string, wanted: string | null): Promise<FoundFile | null> {
  const record = context.catalogue.get(name)?.record ?? (await context.records.get(name))?.record
  const version = record && choose(record, wanted)
  if (!record || !version) return null
  const manifest = context.records.heldAt(version.sha256) === null ? null : await manifestHere(context, version)
  return manifest && { name: record.spelling, version, manifest, holders: [context.self], route: [context.self.id] }
}

/** Null when the copy here is none to deliver from; a damaged one is replaced, and the others asked. */
async function manifestHere(context: TransferContext, version: Version): Promise<Manifest | null> {
  const { contents, repair } = context
  try {
    const manifest = await contents.manifest(version.sha256)
    // blocks are checked against the manifest, so it has to be the one that the version names
    if (manifest === null || manifestHash(manifest) === version.manifestSha256 || (await contents.verify(version.sha256))) return manifest
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'corrupt') throw error
  }
  repair.lookAgain(version.sha256)
  return null
}
