/** The catalogue as the repair plan reads it: for each file, who holds it, who is away and who should hold it. */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import { currentVersion, holdersOf, type CatalogueFile } from '../transfer/catalogue.ts'
import type { FileCopies } from './repair-plan.ts'

/** The ring as it is asked now. */
export interface RingNow {
  readonly space: IdentifierSpace
  keyOf(name: string): Identifier
  online(): readonly Contact[]
  /** Machines away that did not leave. */
  away(): readonly Identifier[]
  replicaSet(key: Identifier, count: number): readonly Contact[]
}

export interface CopiesWanted {
  readonly copies: number
  /** As if that machine were gone. */
  readonly without?: Identifier
}

/** Who is there, read once for many files. */
export class Attendance {
  readonly #ring: RingNow
  readonly #online: ReadonlySet<Identifier>
  readonly #away: ReadonlySet<Identifier>

  constructor(ring: RingNow) {
    this.#ring = ring
    this.#online = new Set(ring.online().map((contact) => contact.id))
    this.#away = new Set(ring.away())
  }

  /** One file's copies, or null when it is removed. */
  copiesOf(file: CatalogueFile, want: CopiesWanted): FileCopies | null {
    const version = currentVersion(file)
    if (!version) return null
    const { space } = this.#ring
    const key = this.#ring.keyOf(file.record.name)
    const holders = [...holdersOf(file, version).keys()]
    const nearest = (a: Identifier, b: Identifier): number => (space.distance(key, a) < space.distance(key, b) ? -1 : 1)
    const count = want.without === undefined ? want.copies : want.copies + 1
    const replicaSet = this.#ring.replicaSet(key, count).map((contact) => contact.id)
    return {
      name: file.record.name,
      onlineHolders: holders.filter((id) => this.#online.has(id) && id !== want.without).sort(nearest),
      awayHolders: holders.filter((id) => this.#away.has(id)).length,
      replicaSet: replicaSet.filter((id) => id !== want.without).slice(0, want.copies),
    }
  }
}
