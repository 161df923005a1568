/**
 * Storing many small files together: the same steps, and the same rules, as for one (store-file.ts), but what they cost in round trips and
 * syncs is shared. Files whose names have one owner travel as packs; each has its own version, holders and answer.
 */

import { basename } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import { checkRingName } from '../disk/safe-name.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { Manifest } from '../protocol/manifest.ts'
import type { FileRecord } from '../protocol/record.ts'
import { copiesWanted, storeTargets } from './distribute.ts'
import { distributePack, noShare, type PackShare } from './distribute-pack.ts'
import { keepPack, nothingKept } from './keep-pack.ts'
import type { PackFile } from './pack-body.ts'
import type { KnownRecord } from './read-record.ts'
import { groupByOwner, readRecords } from './read-records.ts'
import { isAbsence, nobodyTook, replaceableBy, spellingFor, withRecord, type ClashRule, type StoredFile } from './store-file.ts'
import type { TransferContext } from './transfer-context.ts'

/** A local file that was read whole, small enough for a pack: see `readSmallFiles`. */
export interface SmallFile {
  readonly path: string
  readonly name: string
  readonly manifest: Manifest
  readonly bytes: Uint8Array
}

export interface StorePackOptions {
  readonly onClash: ClashRule
  readonly signal?: AbortSignal
  /** What became of a file, as soon as it is known: a machine that lets the others of the pack wait does not let this one wait. */
  readonly onOutcome?: (file: SmallFile, outcome: PackOutcome) => void
}

/** Stored, why not, or `alone`: it has to look for a name of its own (store-file.ts). */
export type PackOutcome = StoredFile | AppError | 'alone'

/**
 * Stores `files`, in one go where their names have one owner. Result: for each what became of it, in order; the failure of one is no other's.
 * Throws `cancelled` and what no file can help (`internal`).
 */
export async function storePack(context: TransferContext, files: readonly SmallFile[], options: StorePackOptions): Promise<PackOutcome[]> {
  const outcomes = new Map<SmallFile, PackOutcome>()
  const set = (file: SmallFile, outcome: PackOutcome): void => {
    outcomes.set(file, outcome)
    options.onOutcome?.(file, outcome)
  }
  const byName = new Map<string, SmallFile>()
  for (const file of files) {
    const checked = checkRingName(file.name)
    const name = file.name.normalize('NFC')
    if (!checked.ok) set(file, badName(file.name, checked.reason))
    // two files of one name come one after the other
    else if (byName.has(name)) set(file, 'alone')
    else byName.set(name, file)
  }
  const failAll = (error: unknown, names: Iterable<string>): void => {
    if (!isOfFile(error)) throw error
    for (const name of names) setFor(name, error)
  }
  const setFor = (name: string, outcome: PackOutcome): void => {
    const file = byName.get(name)
    if (file) set(file, outcome)
  }
  const groups = await groupByOwner(context, [...byName.keys()], 'store').catch((error: unknown) => {
    failAll(error, byName.keys())
    return []
  })
  await Promise.all(
    groups.map(async (group) => {
      try {
        const known = await readRecords(context, group)
        const owned = group.names.flatMap((name, index) => {
          const [file, record] = [byName.get(name), known[index]]
          return file && record ? [{ name, file, known: record }] : []
        })
        await storeGroup(context, owned, { ...options, done: setFor })
      } catch (error) {
        failAll(error, group.names)
      }
    }),
  )
  return files.map((file) => outcomes.get(file) ?? new AppError('internal', `Nothing became of ${file.name}`))
}

function badName(name: string, reason: string): AppError {
  return new AppError('bad-argument', `${name} cannot be a name in the ring: ${reason}`, { name })
}

interface OwnedFile {
  readonly name: string
  readonly file: SmallFile
  readonly known: KnownRecord
}

type GroupOptions = StorePackOptions & { readonly done: (name: string, outcome: PackOutcome) => void }

/** Files of one owner: each gets its version, then all that have one leave together. */
async function storeGroup(context: TransferContext, files: readonly OwnedFile[], options: GroupOptions): Promise<void> {
  const wanted = copiesWanted(context)
  const gathering = new Gathering(files.length, (pack) => spread(context, pack, { files, wanted, options }))
  await Promise.all(
    files.map(async ({ name, file, known }) => {
      try {
        options.done(name, await storeOne(context, { file, known }, { options, wanted, gathering }))
      } catch (error) {
        gathering.leave(name)
        if (!isOfFile(error)) throw error
        options.done(name, error)
      }
    }),
  )
}

interface OneOptions {
  readonly options: StorePackOptions
  readonly wanted: number
  readonly gathering: Gathering
}

async function storeOne(
  context: TransferContext,
  { file, known }: Omit<OwnedFile, 'name'>,
  { options, wanted, gathering }: OneOptions,
): Promise<PackOutcome> {
  const { manifest, bytes, path } = file
  const spelling = spellingFor(known.record, { spelling: file.name, manifest, onClash: options.onClash })
  if (spelling === null || isLong(known.record)) {
    gathering.leave(file.name.normalize('NFC'))
    return 'alone'
  }
  const mayReplace = replaceableBy(context, options.onClash)
  return withRecord(context, { known: known.record, spelling, manifest, originalName: basename(path), mayReplace }, async (record) => {
    const { holders, failure } = await gathering.add({ record, manifest, bytes })
    if (holders.length === 0) throw nobodyTook(context, record, failure)
    return { name: record.spelling, manifest, holders, wanted, route: known.route }
  })
}

/** A record with so many versions that a pack does not take one more. */
function isLong(record: FileRecord | null): boolean {
  return record !== null && JSON.stringify(record).length > limits.packedRecordBytes / 4
}

/** Where the versions of a group wait for each other: the last to come, or to stay away, lets them go. */
class Gathering {
  readonly #send: (pack: readonly PackFile[]) => Promise<PackShare[]>
  readonly #came = new Map<string, { readonly file: PackFile; readonly take: (share: Promise<PackShare>) => void }>()
  readonly #away = new Set<string>()
  readonly #count: number

  constructor(count: number, send: (pack: readonly PackFile[]) => Promise<PackShare[]>) {
    this.#count = count
    this.#send = send
  }

  add(file: PackFile): Promise<PackShare> {
    return new Promise((resolve) => {
      this.#came.set(file.record.name, { file, take: resolve })
      this.#look()
    })
  }

  /** This one does not come, or has been sent. */
  leave(name: string): void {
    if (this.#came.has(name) || this.#away.has(name)) return
    this.#away.add(name)
    this.#look()
  }

  #look(): void {
    if (this.#came.size === 0 || this.#came.size + this.#away.size < this.#count) return
    const waiting = [...this.#came.values()]
    const sent = this.#send(waiting.map(({ file }) => file))
    for (const [index, { take }] of waiting.entries()) take(sent.then((shares) => shares[index] ?? { holders: [], failure: null }))
  }
}

interface Spread {
  readonly files: readonly OwnedFile[]
  readonly wanted: number
  readonly options: StorePackOptions
}

/** As a single store does. What this machine kept stays until all holders have answered: it is told as a copy then. */
function spread(context: TransferContext, pack: readonly PackFile[], spreading: Spread): Promise<PackShare[]> {
  const contents = pack.map(({ manifest }) => manifest.sha256)
  return context.use.during(contents, () => spreadInUse(context, pack, spreading))
}

/** This machine's share from memory, the others' over the network, both at once; then each makes up for what the other could not do. */
async function spreadInUse(context: TransferContext, pack: readonly PackFile[], { files, wanted, options }: Spread): Promise<PackShare[]> {
  const [first] = files
  if (!first) return []
  const { keepsHere, mayKeepHere, remotes, copies } = storeTargets(context, first.known, first.name)
  const signal = options.signal ? { signal: options.signal } : {}
  const [{ outcomes: here }, there] = await Promise.all([
    keepsHere ? keepPack(context, pack) : nothingKept,
    copies > 0 ? distributePack(context, pack, { candidates: remotes, copies, ...signal }) : [],
  ])
  const shares = pack.map((_, index): PackShare => {
    const own = keepsHere && !here[index] ? [context.self.id] : []
    return { holders: [...own, ...(there[index]?.holders ?? [])], failure: here[index] ?? there[index]?.failure ?? null }
  })
  if (!keepsHere) return mayKeepHere ? keepShort(context, pack, { shares, wanted }) : shares
  const refused = [...pack.keys()].filter((index) => here[index])
  return fillUp(context, pack, { shares, refused, remotes, wanted, ...signal })
}

/** What too few others took, since they are away or leave, is kept here as well. */
async function keepShort(
  context: TransferContext,
  pack: readonly PackFile[],
  { shares, wanted }: Pick<FillUp, 'shares' | 'wanted'>,
): Promise<PackShare[]> {
  const isShort = ({ holders, failure }: PackShare): boolean => holders.length < wanted && isAbsence(failure)
  const short = pack.flatMap((file, index) => (isShort(shares[index] ?? noShare) ? [{ file, index }] : []))
  const { outcomes } = await keepPack(
    context,
    short.map(({ file }) => file),
  )
  for (const [at, { index }] of short.entries()) {
    const { holders, failure } = shares[index] ?? noShare
    if (outcomes[at] === null) shares[index] = { holders: [...holders, context.self.id], failure }
  }
  return shares
}

interface FillUp {
  readonly shares: PackShare[]
  /** Indexes of what this machine could not keep. */
  readonly refused: readonly number[]
  readonly remotes: readonly KnownRecord['candidates'][number][]
  readonly wanted: number
  readonly signal?: AbortSignal
}

/** What this machine had no room for goes to others. */
async function fillUp(
  context: TransferContext,
  pack: readonly PackFile[],
  { shares, refused, remotes, wanted, signal }: FillUp,
): Promise<PackShare[]> {
  await Promise.all(
    refused.map(async (index) => {
      const [file, share] = [pack[index], shares[index]]
      if (!file || !share) return
      const rest = remotes.filter((contact) => !share.holders.includes(contact.id))
      const copies = wanted - share.holders.length
      const [more] = await distributePack(context, [file], { candidates: rest, copies, ...(signal ? { signal } : {}) })
      const holders: Identifier[] = [...share.holders, ...(more?.holders ?? [])]
      shares[index] = { holders, failure: share.failure }
    }),
  )
  return shares
}

/** Errors that are the answer for one file, or for those that went with it. */
function isOfFile(error: unknown): error is AppError {
  return error instanceof AppError && error.code !== 'internal' && error.code !== 'cancelled'
}
