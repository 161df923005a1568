/**
 * Requesting many small files together: records of many names an exchange, contents of many files an exchange, each verified by its hash
 * before anything of it touches the disk. What is no small file, or does not come, is asked for alone (request-file.ts).
 */

import { AppError } from '../../../shared/errors.ts'
import { sha256Hex } from '../disk/sha256.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import { liveVersions, type Version } from '../protocol/record.ts'
import { answer, exchangeWith } from './exchange.ts'
import { groupByOwner, readRecords } from './read-records.ts'
import { reportDamaged } from './arc-exchange.ts'
import { smallContents } from './serve-pack.ts'
import { between, type TransferContext } from './transfer-context.ts'

/** A small file with its bytes, as verified. */
export interface FetchedFile {
  /** As asked for, in NFC. */
  readonly name: string
  readonly spelling: string
  readonly version: Version
  readonly bytes: Uint8Array
  /** Who gave them. */
  readonly from: Identifier
  readonly route: readonly Identifier[]
}

/** A small file whose bytes are still to come. */
interface Wanted {
  readonly name: string
  readonly spelling: string
  readonly version: Version
  readonly holders: readonly Contact[]
  readonly route: readonly Identifier[]
}

/**
 * The current versions of these names (NFC, each once). Result: those that came; the others are to be asked for alone, which also says why.
 * Throws `cancelled`.
 */
export async function requestPack(context: TransferContext, names: readonly string[], signal: AbortSignal): Promise<FetchedFile[]> {
  const wanted: Wanted[] = []
  const asked: string[] = []
  for (const name of names) {
    const own = await findHere(context, name)
    if (own) wanted.push(own)
    else asked.push(name)
  }
  wanted.push(...(await findThere(context, asked)))
  const fetched: FetchedFile[] = []
  let waiting = wanted
  for (let turn = 0; waiting.length > 0; turn++) {
    if (signal.aborted) throw new AppError('cancelled', 'Cancelled')
    const rounds = await Promise.all(byHolder(waiting, turn).map((files) => fetchFrom(context, files, { turn, signal })))
    const came = rounds.flat()
    fetched.push(...came)
    const names = new Set(came.map((file) => file.name))
    waiting = waiting.filter((file) => !names.has(file.name) && file.holders.length > turn + 1)
  }
  return fetched
}

/** What this machine holds itself in the version that the ring knows as current. */
async function findHere(context: TransferContext, name: string): Promise<Wanted | null> {
  const record = context.catalogue.get(name)?.record ?? (await context.records.get(name))?.record
  const version = record && liveVersions(record)[0]
  if (!record || !version || !isSmall(version) || context.records.heldAt(version.sha256) === null) return null
  return { name, spelling: record.spelling, version, holders: [context.self], route: [context.self.id] }
}

async function findThere(context: TransferContext, names: readonly string[]): Promise<Wanted[]> {
  try {
    const groups = await groupByOwner(context, names, 'request')
    const found = await Promise.all(
      groups.map(async (group) => {
        const known = await readRecords(context, group)
        return group.names.flatMap((name, index): Wanted[] => {
          const { record = null, holders, route = [] } = known[index] ?? {}
          const version = record ? liveVersions(record)[0] : undefined
          if (!record || !version || !isSmall(version)) return []
          return [{ name, spelling: record.spelling, version, holders: holders?.get(version.sha256) ?? [], route }]
        })
      }),
    )
    return found.flat()
  } catch (error) {
    // no look-up, no pack: each is asked for alone, and tells why not
    if (error instanceof AppError && error.code === 'peer-unreachable') return []
    throw error
  }
}

function isSmall(version: Version): boolean {
  return version.sizeBytes <= limits.packedFileBytes
}

/** Files by the holder whose turn it is: the nearest to the key first. */
function byHolder(files: readonly Wanted[], turn: number): Wanted[][] {
  const groups = new Map<Identifier, Wanted[]>()
  for (const file of files) {
    const holder = file.holders[turn]
    if (!holder) continue
    const group = groups.get(holder.id)
    if (group) group.push(file)
    else groups.set(holder.id, [file])
  }
  return [...groups.values()]
}

interface From {
  readonly turn: number
  readonly signal: AbortSignal
}

/** What the holder of these files gives of them, as good as it is. A holder that breaks off gives nothing more. */
async function fetchFrom(context: TransferContext, files: readonly Wanted[], { turn, signal }: From): Promise<FetchedFile[]> {
  const holder = files[0]?.holders[turn]
  if (!holder) return []
  const contents = new Map<string, Uint8Array | null>()
  try {
    const wanted = [...new Set(files.map((file) => file.version.sha256))]
    if (holder.id === context.self.id) await takeHere(context, wanted, contents)
    else await ask(context, holder, { wanted, signal, contents })
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'cancelled' || error.code === 'internal') throw error
  }
  return files.flatMap((file): FetchedFile[] => {
    const bytes = contents.get(file.version.sha256)
    if (!bytes) return []
    if (sha256Hex(bytes) === file.version.sha256) {
      const { name, spelling, version, route } = file
      return [{ name, spelling, version, bytes, from: holder.id, route }]
    }
    reportDamaged(context, holder, file.version.sha256)
    return []
  })
}

type Contents = Map<string, Uint8Array | null>

/** What this machine has of them itself. */
async function takeHere(context: TransferContext, wanted: readonly string[], contents: Contents): Promise<void> {
  const found = await smallContents(context, wanted)
  for (const [index, sha256] of wanted.entries()) contents.set(sha256, found[index] ?? null)
}

interface Asked {
  readonly wanted: readonly string[]
  readonly signal: AbortSignal
  readonly contents: Contents
}

/** Fills `contents`, as many exchanges as it takes. */
async function ask(context: TransferContext, holder: Contact, { wanted, signal, contents }: Asked): Promise<void> {
  for (let asked = 0; asked < wanted.length;) {
    const page = wanted.slice(asked, asked + limits.packFiles)
    asked += await exchangeWith(context, holder, {
      signal,
      run: async (connection) => {
        await connection.send({ command: 'fetch', contents: page, ...between(context, holder.id) })
        const { sizes, bodyBytes } = await answer(connection, ['fetched'])
        const total = sizes.reduce<number>((sum, size) => sum + (size === 'none' ? 0 : size), 0)
        if (sizes.length === 0 || sizes.length > page.length || total !== bodyBytes)
          throw new AppError('protocol', 'The answer is not about the contents asked for')
        const body = await connection.readBodyBuffer(bodyBytes)
        let at = 0
        for (const [index, size] of sizes.entries()) {
          contents.set(page[index] ?? '', size === 'none' ? null : body.subarray(at, (at += size)))
        }
        return sizes.length
      },
    })
  }
}
