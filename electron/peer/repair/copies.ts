/** The catalogue as the repair plan reads it: for each content that a name wants, who holds it, who is away and who should hold it. */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { FileRecord, WantedContent } from '../protocol/record.ts'
import { clockwiseFrom } from '../ring/interval.ts'
import { holdersOf, type CatalogueFile } from '../transfer/catalogue.ts'
import type { ContentCopies } from './repair-plan.ts'

/** The ring as it is asked now. */
export interface RingNow {
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

/** Machines beyond the replica set that may keep a copy while one of it has no room. */
const beyondCount = 4

/** Who is there, read once for many files. */
export class Attendance {
  readonly #ring: RingNow
  readonly #wantedIn: (record: FileRecord) => readonly WantedContent[]
  readonly #online: ReadonlySet<Identifier>
  readonly #away: ReadonlySet<Identifier>

  /** @param wantedIn what a record wants kept */
  constructor(ring: RingNow, wantedIn: (record: FileRecord) => readonly WantedContent[]) {
    this.#ring = ring
    this.#wantedIn = wantedIn
    this.#online = new Set(ring.online().map((contact) => contact.id))
    this.#away = new Set(ring.away())
  }

  /** Whether a machine is a member, there or away: neither one that left nor one that the ring has forgotten. */
  knows(machine: Identifier): boolean {
    return this.#online.has(machine) || this.#away.has(machine)
  }

  /** The copies of each content that one name wants; none for a name whose trash is empty. */
  copiesOf(file: CatalogueFile, want: CopiesWanted): ContentCopies[] {
    const contents = new Map<string, WantedContent>()
    for (const content of this.#wantedIn(file.record)) if (!contents.has(content.sha256)) contents.set(content.sha256, content)
    if (contents.size === 0) return []
    const { name } = file.record
    const key = this.#ring.keyOf(name)
    const count = want.copies + (want.without === undefined ? 0 : 1) + beyondCount
    const near = this.#ring.replicaSet(key, count).map((contact) => contact.id)
    const others = near.filter((id) => id !== want.without)
    const nearest = clockwiseFrom(key)
    return [...contents.values()].map((content) => {
      const holders = [...holdersOf(file, content).keys()]
      return {
        id: copiesId(name, content.sha256),
        name,
        content,
        onlineHolders: holders.filter((id) => this.#online.has(id) && id !== want.without).sort(nearest),
        awayHolders: holders.filter((id) => this.#away.has(id)).length,
        replicaSet: others.slice(0, want.copies),
        beyond: others.slice(want.copies),
      }
    })
  }
}

/** One content as one name wants it: a hash has 64 digits, so that the rest is the name. */
export function copiesId(name: string, sha256: string): string {
  return `${sha256} ${name}`
}

/** The name in an id of `copiesId`. */
export function nameIn(id: string): string {
  return id.slice(65)
}
