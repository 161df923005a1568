/** Stretches of an arc that fit into one message. A page ends between two keys, so that both sides know exactly what it covers. */

import { limits } from '../protocol/limits.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Arc, ArcEntry, ArcIndex } from './digests.ts'

/** Names in one page: their digests fit the body many times over, and reading their records does not take long. */
const namesPerPage = 4_096
/** A page's names, in bytes; many long names under one key may exceed it, up to the body's limit. */
const pageBytes = limits.catalogueBytes / 4

export interface Page {
  readonly entries: readonly ArcEntry[]
  /** The page covers the arc from its beginning up to here. */
  readonly upTo: Identifier
}

/** The first page of what `index` has in `arc`. */
export function pageOf(index: ArcIndex, arc: Arc): Page {
  const entries: ArcEntry[] = []
  let bytes = 0
  for (const entry of index.entriesIn(arc)) {
    const last = entries.at(-1)
    const isFull = entries.length >= namesPerPage || bytes >= pageBytes
    if (last && last.key !== entry.key && isFull) return { entries, upTo: last.key }
    // what does not fit is told by the other side as what it has alone
    if (bytes >= limits.catalogueBytes / 2) continue
    // a name of n characters is at most 6n bytes of JSON
    bytes += 6 * entry.name.length + 32
    entries.push(entry)
  }
  return { entries, upTo: arc.to }
}
