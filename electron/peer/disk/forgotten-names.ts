/**
 * What stays of a name that was forgotten: the set of its versions, so that a machine that forgets later, or was away, cannot bring the
 * name back, neither as removed nor as it was before. Key: `f!<name>`, Unix ms of the forgetting, newline, the set in JSON.
 */

import { dotsOf, readDots, unite } from '../protocol/dots.ts'
import type { FileRecord } from '../protocol/record.ts'
import type { KeyValueStore, WriteOperation } from './key-value.ts'

/** A machine that was away for longer than 30 days is not believed anyway; three times that covers whoever heard of the removal late. */
const keptMs = 90 * 86_400_000

/** The record in which everything is superseded that `record` knows. */
export function emptied(record: FileRecord): FileRecord {
  return { ...record, versions: [], earlier: [], superseded: unite([record.superseded, dotsOf(record.versions)]) }
}

/** To be written together with the forgetting. */
export function remember(record: FileRecord, now: number): WriteOperation {
  return { type: 'put', key: `f!${record.name}`, value: `${now}\n${JSON.stringify(emptied(record).superseded)}` }
}

/** What was known of a name when it was forgotten, as `emptied` has it and in the spelling given now, or null. */
export function forgottenRecord(store: KeyValueStore, { name, spelling }: FileRecord): FileRecord | null {
  const text = store.getSync(`f!${name}`)
  if (text === undefined) return null
  const superseded = readDots(parse(text.slice(text.indexOf('\n') + 1)))
  return superseded && { name, spelling, versions: [], earlier: [], superseded }
}

/** Deletes of what was forgotten so long ago that it need not be remembered. */
export async function expired(store: KeyValueStore, now: number): Promise<WriteOperation[]> {
  const operations: WriteOperation[] = []
  for await (const [key, value] of store.entries({ gt: 'f!', lt: 'f"' })) {
    if (!(now - Number.parseInt(value, 10) < keptMs)) operations.push({ type: 'del', key })
  }
  return operations
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}
