/** The catalogue as the repair plan reads it: for each file, who holds it, who is away and who should hold it. */

import { currentVersion, holdersOf, type Catalogue, type CatalogueFile } from '../transfer/catalogue.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import type { FileCopies } from './repair-plan.ts'

export interface RingNow {
  readonly space: IdentifierSpace
  readonly catalogue: Catalogue
  keyOf(name: string): Identifier
  online(): readonly Contact[]
  /** Machines away that did not leave. */
  away(): readonly Identifier[]
  replicaSet(key: Identifier, count: number): readonly Contact[]
}

/** One file's copies, or null when it is removed. `without`: as if that machine were gone. */
export function copiesOf(
  ring: RingNow,
  file: CatalogueFile,
  want: { readonly copies: number; readonly without?: Identifier },
): FileCopies | null {
  const version = currentVersion(file)
  if (!version) return null
  const key = ring.keyOf(file.record.name)
  const online = new Set(ring.online().map((contact) => contact.id))
  const away = new Set(ring.away())
  const holders = [...holdersOf(file, version).keys()]
  const nearest = (a: Identifier, b: Identifier): number => (ring.space.distance(key, a) < ring.space.distance(key, b) ? -1 : 1)
  const count = want.without === undefined ? want.copies : want.copies + 1
  const replicaSet = ring.replicaSet(key, count).map((contact) => contact.id)
  return {
    name: file.record.name,
    onlineHolders: holders.filter((id) => online.has(id) && id !== want.without).sort(nearest),
    awayHolders: holders.filter((id) => away.has(id)).length,
    replicaSet: replicaSet.filter((id) => id !== want.without).slice(0, want.copies),
  }
}
