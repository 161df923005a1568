/** What became of a store, for whoever asked for it and for the news: the same for one file alone and for one of a pack. */

import type { HolderRef, StoreResult } from './peer-api.ts'
import type { PeerEvent } from './peer-events.ts'
import type { Identifier } from './protocol/identifier.ts'
import type { RingSession } from './ring-session.ts'
import type { StoredFile } from './transfer/store-file.ts'

type Names = Pick<RingSession, 'space' | 'nameOf'>

/** A machine as people know it. */
export function holderRef(session: Names, id: Identifier): HolderRef {
  return { id: session.space.format(id), name: session.nameOf(id) }
}

/** @param seconds from when it was asked for */
export function tellStored(
  session: Names,
  stored: StoredFile,
  seconds: number,
): { readonly result: StoreResult; readonly event: PeerEvent } {
  const { name, wanted, manifest } = stored
  const holders = stored.holders.map((id) => holderRef(session, id))
  const route = stored.route.map((id) => session.space.format(id))
  const copies = holders.length
  const state = copies >= wanted ? 'stored' : 'partial'
  return {
    result: { name, sizeBytes: manifest.sizeBytes, sha256: manifest.sha256, copies, wanted, state, holders, route, seconds },
    event: { kind: 'stored', name, holders: holders.map(({ id }) => id), wanted, route },
  }
}
