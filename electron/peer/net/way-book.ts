/** Which of a peer's ways worked lately. A contact lists ways best first as its owner sees them; from here another may be better. */

import type { Contact, Way } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { LruMap } from '../trust/lru-map.ts'

/** Twice the largest whole view. */
const peersMax = 4096
/** Datagrams without a word from the peer after which the other ways are tried again: it may have moved. */
const silentSendsMax = 3

interface Entry {
  streamWay: Way | null
  datagramWay: Way | null
  silentSends: number
}

export class WayBook {
  readonly #entries = new LruMap<Identifier, Entry>(peersMax)

  /** A datagram of this peer came in from `way`. */
  heard(peer: Identifier, way: Way): void {
    const entry = this.#entry(peer)
    entry.datagramWay = way
    entry.silentSends = 0
  }

  /** A stream to this peer was opened by `way`. */
  reached(peer: Identifier, way: Way): void {
    this.#entry(peer).streamWay = way
  }

  /** The peer's ways, the one that worked last first. */
  forStream(to: Contact): Way[] {
    const known = this.#entries.get(to.id)?.streamWay
    return known && to.ways.includes(known) ? [known, ...to.ways.filter((way) => way !== known)] : [...to.ways]
  }

  /** Where the next datagram goes: where the peer spoke from, or its `reachable` ways in turn while it is silent. */
  forDatagram(peer: Identifier, reachable: readonly Way[]): Way | null {
    const entry = this.#entry(peer)
    const silent = entry.silentSends++
    if (entry.datagramWay && silent < silentSendsMax) return entry.datagramWay
    const turn = entry.datagramWay ? silent - silentSendsMax : silent
    return reachable[turn % reachable.length] ?? null
  }

  #entry(peer: Identifier): Entry {
    const known = this.#entries.get(peer)
    if (known) return known
    const entry: Entry = { streamWay: null, datagramWay: null, silentSends: 0 }
    this.#entries.set(peer, entry)
    return entry
  }
}
