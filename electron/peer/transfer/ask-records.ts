/**
 * What one machine knows of many names. This one has read its records up to some revision: of a name that has not changed since, the answer
 * says nothing, and what was read counts.
 */

import { AppError } from '../../../shared/errors.ts'
import type { CatalogueEntry } from '../disk/record-store.ts'
import type { Contact } from '../protocol/contact.ts'
import { limits } from '../protocol/limits.ts'
import { answer, exchangeWith, parseEntry, parseLines } from './exchange.ts'
import { between, type TransferContext } from './transfer-context.ts'

export interface KnownEntries {
  readonly entries: readonly CatalogueEntry[]
  /** Whether its not knowing a name would mean something. */
  readonly synced: boolean
}

/** What `to` knows of each of these names (NFC, each once). Noted in the catalogue at once, as by `askRecord`. */
export async function askRecords(context: TransferContext, to: Contact, names: readonly string[]): Promise<KnownEntries> {
  const entries: CatalogueEntry[] = []
  let synced = true
  for (let waiting = names; waiting.length > 0;) {
    const page = await askPage(context, to, waiting.slice(0, limits.packFiles))
    waiting = [...page.left, ...waiting.slice(limits.packFiles)]
    synced &&= page.synced
    entries.push(...page.entries)
  }
  return { entries, synced }
}

interface Page extends KnownEntries {
  /** Names that the answer had no room for. */
  readonly left: readonly string[]
}

async function askPage(context: TransferContext, to: Contact, names: readonly string[]): Promise<Page> {
  const since = context.catalogue.revisionOf(to.id)
  const told = since > 0 ? toldBy(context, to, names) : new Map<string, CatalogueEntry>()
  const inOrder = [...told.keys(), ...names.filter((name) => !told.has(name))]
  const body = Buffer.from(inOrder.map((name) => JSON.stringify(name)).join('\n'), 'utf8')
  const page = await exchangeWith(context, to, {
    run: async (connection) => {
      await connection.send({ command: 'names', since, told: told.size, bodyBytes: body.length, ...between(context, to.id) })
      await connection.write(body)
      const known = await answer(connection, ['known'])
      const lines = (await connection.readBodyBuffer(known.bodyBytes)).toString('utf8').split('\n')
      return { ...known, ...parseLines(lines, parseEntry) }
    },
  })
  if (page.count === 0 || page.count > names.length) throw new AppError('protocol', 'The answer is not about the names asked for')
  context.catalogue.hear(to.id, page)
  const changed = new Set([...page.entries.map((entry) => entry.record.name), ...page.absent])
  const unchanged = page.synced ? inOrder.slice(0, page.count).filter((name) => !changed.has(name)) : []
  const entries = [...page.entries, ...unchanged.map((name) => told.get(name)).filter((entry) => entry !== undefined)]
  return { entries, synced: page.synced, left: inOrder.slice(page.count) }
}

/** What was read of each of these names in the records of `machine`; as it is now: it may be forgotten before the answer is here. */
function toldBy({ catalogue }: TransferContext, machine: Contact, names: readonly string[]): Map<string, CatalogueEntry> {
  const told = new Map<string, CatalogueEntry>()
  for (const name of names) {
    const file = catalogue.get(name)
    const held = file?.machines.get(machine.id)
    if (file && held) told.set(name, { record: file.record, held })
  }
  return told
}
