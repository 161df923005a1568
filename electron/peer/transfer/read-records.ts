/** What the ring knows of many names: a look-up and an exchange a machine for all names that lie between two machines. */

import { AppError } from '../../../shared/errors.ts'
import type { CatalogueEntry } from '../disk/record-store.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { LookupPurpose } from '../protocol/messages.ts'
import { mergeRecords, type FileRecord } from '../protocol/record.ts'
import { inArc } from '../ring/interval.ts'
import { askRecords } from './ask-records.ts'
import { askedRounds, candidatesOf, isCertain, knownHolders, type Answered, type KnownRecord } from './read-record.ts'
import type { Located, TransferContext } from './transfer-context.ts'

/** Names with one owner. */
export interface OwnedNames {
  readonly located: Located
  readonly names: readonly string[]
}

/** Look-ups under way at once. */
const lookupsAtOnce = 8

/**
 * The names (NFC, each once) by owner. An owner of a key owns all keys from there to itself, so one look-up tells of all of them; this
 * machine's own view says where to begin. Throws `peer-unreachable` when a look-up fails.
 */
export async function groupByOwner(context: TransferContext, names: readonly string[], purpose: LookupPurpose): Promise<OwnedNames[]> {
  const guesses = new Map<Identifier | undefined, Placed[]>()
  for (const name of names) {
    const key = context.keyOf(name)
    const guess = context.replicaSet(key, 1)[0]?.id
    const known = guesses.get(guess)
    if (known) known.push({ name, key })
    else guesses.set(guess, [{ name, key }])
  }
  const groups: OwnedNames[] = []
  const waiting = [...guesses]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) groups.push(...(await ownersOf(context, next, purpose)))
  }
  await Promise.all(Array.from({ length: lookupsAtOnce }, work))
  return groups
}

interface Placed {
  readonly name: string
  readonly key: Identifier
}

/** The groups of names that this machine takes for those of `guess`. */
async function ownersOf(
  context: TransferContext,
  [guess, names]: readonly [Identifier | undefined, readonly Placed[]],
  purpose: LookupPurpose,
): Promise<OwnedNames[]> {
  const { space } = context
  // the farthest first: its owner has all nearer ones, too
  const distances = new Map(names.map(({ name, key }) => [name, guess === undefined ? 0n : space.distance(key, guess)]))
  const distanceOf = ({ name }: Placed): bigint => distances.get(name) ?? 0n
  let waiting = [...names].sort((a, b) => (distanceOf(a) > distanceOf(b) ? -1 : 1))
  const groups: OwnedNames[] = []
  for (let first = waiting[0]; first; first = waiting[0]) {
    const { name, key } = first
    const located = await context.locate(name, purpose)
    const owner = located.owner.id
    const isOwned = (other: Identifier): boolean => other === key || (key !== owner && inArc(key, other, owner))
    groups.push({ located, names: waiting.filter((placed) => isOwned(placed.key)).map((placed) => placed.name) })
    waiting = waiting.filter((placed) => !isOwned(placed.key))
  }
  return groups
}

/** As `readRecord` for each of the names, in their order. */
export async function readRecords(context: TransferContext, { located, names }: OwnedNames): Promise<KnownRecord[]> {
  const { copies } = context.parameters
  const known = knownHolders(context, names)
  const [first = ''] = names
  const candidates = candidatesOf(context, located, first)
  const all = [...candidates.slice(0, copies), ...known, ...candidates.slice(copies)]
  const waiting = [...new Map(all.map((contact) => [contact.id, contact])).values()]
  const answers: ManyAnswer[] = []
  let due = copies + known.length
  while (due > 0 && waiting.length > 0 && answers.length < copies * askedRounds + due) {
    answers.push(...(await Promise.all(waiting.splice(0, due).map((contact) => askOne(context, contact, names)))))
    due = copies - answers.filter((answer) => answer.synced).length
  }
  const silent = answers.filter((answer) => answer.silent).map((answer) => answer.contact)
  const certain = isCertain(context, answers)
  const found = collect(answers)
  const { owner, candidates: after, route, lookupMs } = located
  return names.map((name) => {
    const { record, holders } = found.get(name) ?? { record: null, holders: noHolders }
    return { owner, candidates: after, route, lookupMs, record, holders, silent, certain }
  })
}

interface ManyAnswer extends Answered {
  readonly entries: readonly CatalogueEntry[]
}

interface Found {
  record: FileRecord
  readonly holders: Map<string, Contact[]>
}

const noHolders: ReadonlyMap<string, readonly Contact[]> = new Map()

function collect(answers: readonly ManyAnswer[]): Map<string, Found> {
  const all = new Map<string, Found>()
  for (const { contact, entries } of answers) {
    for (const entry of entries) {
      const found = all.get(entry.record.name) ?? { record: entry.record, holders: new Map<string, Contact[]>() }
      found.record = mergeRecords(found.record, entry.record)
      for (const [sha256] of entry.held) found.holders.set(sha256, [...(found.holders.get(sha256) ?? []), contact])
      all.set(entry.record.name, found)
    }
  }
  return all
}

async function askOne(context: TransferContext, contact: Contact, names: readonly string[]): Promise<ManyAnswer> {
  if (contact.id === context.self.id) {
    const entries = await Promise.all(names.map((name) => context.records.get(name)))
    const apart = context.repair.isApart()
    const synced = !apart && names.every((name) => context.repair.isSynced(context.keyOf(name)))
    return { contact, entries: entries.filter((entry) => entry !== null), synced, silent: false, apart }
  }
  try {
    const { entries, synced } = await askRecords(context, contact, names)
    // this answer does not tell who is apart: whoever may be counts as such, and the name is asked for alone, which does
    return { contact, entries, synced, silent: false, apart: !synced }
  } catch (error) {
    if (error instanceof AppError && error.code !== 'internal') return { contact, entries: [], synced: false, silent: true, apart: false }
    throw error
  }
}
