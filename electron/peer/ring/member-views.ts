/** The members as they are shown and counted: the table, self, and neighbours that were not heard yet. */

import type { Contact } from '../protocol/contact.ts'
import { type Core, selfAsMember } from './core.ts'
import type { MemberView } from './ring-events.ts'

/** Every peer known, the dead and the left too, self first. A neighbour not heard yet counts as alive. */
export function memberViews(core: Core): readonly MemberView[] {
  const { table, neighbours, roundTrips } = core
  const self: MemberView = { ...selfAsMember(core), roundTripMs: null, lastHeardAt: core.clock.now() }
  const others = Array.from(table.all(), ({ contact, incarnation, state, lastHeardAt }): MemberView => {
    return { contact, incarnation, state, roundTripMs: roundTrips.of(contact.id), lastHeardAt }
  })
  const unheard = neighbours.all().filter((contact) => table.get(contact.id) === undefined)
  return [
    self,
    ...others,
    ...unheard.map((contact): MemberView => ({ contact, incarnation: 0, state: 'alive', roundTripMs: null, lastHeardAt: null })),
  ]
}

/** The contacts, and all that they follow from. */
interface Made {
  readonly version: number
  readonly successors: readonly Contact[]
  readonly predecessor: Contact | null
  readonly self: Contact
  readonly contacts: readonly Contact[]
}

export class OnlineMembers {
  readonly #core: Core
  #made: Made | null = null

  constructor(core: Core) {
    this.#core = core
  }

  /** Contacts of the members that are there, this one first. The same array until something changes: it is asked for all the time. */
  get contacts(): readonly Contact[] {
    const { table, neighbours, self } = this.#core
    const { version } = table
    const { successors, predecessor } = neighbours
    const made = this.#made
    const stands = made?.version === version && made.successors === successors && made.predecessor === predecessor && made.self === self
    if (stands) return made.contacts
    const contacts = memberViews(this.#core)
      .filter((member) => member.state === 'alive' || member.state === 'suspect' || member.contact.id === self.id)
      .map((member) => member.contact)
    this.#made = { version, successors, predecessor, self, contacts }
    return contacts
  }
}
