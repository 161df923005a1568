/** The activity feed: the last events as readable sentences, with the line as it travelled where there was one. */

import type { ActivityView } from '../../shared/views.ts'
import type { PeerEvent } from './peer-events.ts'

/** Lines kept in memory. */
const linesKept = 2_000

/** Lines that come again and again while nothing happens. */
const routine = /^\/(ping|response|successor|catalogue|records|changed|noted|digest|same|differs|buckets|hashes|entries|compared)\b/

type Told = Pick<ActivityView, 'kind' | 'text'> & Partial<Pick<ActivityView, 'line' | 'machineId' | 'name'>>

export class Activity {
  readonly #lines: ActivityView[] = []
  readonly #nameOf: (id: string) => string
  #sequence = 0

  /** `nameOf`: a machine's name by its id. */
  constructor(nameOf: (id: string) => string) {
    this.#nameOf = nameOf
  }

  /** Adds the event when it is one that people read; returns its line, or null. */
  add(event: PeerEvent, at: number): ActivityView | null {
    const told = this.#tell(event)
    if (!told) return null
    const view: ActivityView = { line: null, machineId: null, name: null, ...told, sequence: ++this.#sequence, at }
    this.#lines.push(view)
    if (this.#lines.length > linesKept * 1.25) this.#lines.splice(0, this.#lines.length - linesKept)
    return view
  }

  last(count: number): ActivityView[] {
    return this.#lines.slice(-count)
  }

  #names(ids: readonly string[]): string {
    return ids.map((id) => this.#nameOf(id)).join(', ')
  }

  #tell(event: PeerEvent): Told | null {
    switch (event.kind) {
      case 'line':
        return this.#tellLine(event)
      case 'pings-sent':
      case 'ping-received':
      case 'response-received':
      case 'revision':
      case 'lookup-started':
      case 'receiving':
        return null
      case 'join-forwarded':
      case 'join-received':
      case 'join-accepted':
      case 'join-declined':
      case 'successor-change-received':
      case 'successors':
      case 'predecessors':
      case 'departing':
      case 'suspected':
      case 'dead':
      case 'alive':
        return this.#tellRing(event)
      default:
        return this.#tellFile(event)
    }
  }

  #tellLine(event: Extract<PeerEvent, { kind: 'line' }>): Told | null {
    // pings come every second from every neighbour, comparisons every minute: they would push everything else out
    if (routine.test(event.line)) return null
    const [command = ''] = event.line.split(' ')
    const text =
      event.direction === 'sent' ? `${command} sent to ${this.#nameOf(event.peer)}` : `${command} received from ${this.#nameOf(event.peer)}`
    return { kind: 'ring', text, line: event.line, machineId: event.peer }
  }

  #tellRing(event: PeerEvent): Told | null {
    const ring = (text: string, machineId?: string): Told => ({ kind: 'ring', text, ...(machineId === undefined ? {} : { machineId }) })
    switch (event.kind) {
      case 'join-forwarded':
        return ring(`The wish of ${this.#nameOf(event.joiner)} to join was passed on`, event.joiner)
      case 'join-received':
        return ring(`${this.#nameOf(event.joiner)} asked to join before this machine's successor`, event.joiner)
      case 'join-accepted':
        return ring('This machine was taken into the ring')
      case 'join-declined':
        return { kind: 'error', text: `The ring declined this machine: ${event.reason}` }
      case 'successor-change-received':
        return ring(`${this.#nameOf(event.from)} has new successors`, event.from)
      case 'successors':
        return ring(
          event.successors.length === 0 ? 'This machine is alone in its ring' : `Successors are now ${this.#names(event.successors)}`,
        )
      case 'predecessors':
        return event.predecessors.length === 0 ? null : ring(`Predecessors are now ${this.#names(event.predecessors)}`)
      case 'departing':
        return ring(`${this.#nameOf(event.peer)} leaves in good order`, event.peer)
      case 'suspected':
        return ring(`${this.#nameOf(event.peer)} does not answer`, event.peer)
      case 'dead':
        return ring(`${this.#nameOf(event.peer)} is away`, event.peer)
      case 'alive':
        return ring(`${this.#nameOf(event.peer)} is online`, event.peer)
      default:
        return null
    }
  }

  #tellFile(event: PeerEvent): Told | null {
    const file = (kind: ActivityView['kind'], text: string, machineId?: string): Told => ({
      kind,
      text,
      ...('name' in event ? { name: event.name } : {}),
      ...(machineId === undefined ? {} : { machineId }),
    })
    switch (event.kind) {
      case 'lookup-forwarded':
        return file('ring', `The look-up of ${event.name} was passed on to the successor`, event.from)
      case 'lookup-accepted':
        return event.name === '' ? null : file('ring', `${event.name} belongs on this machine's arc`, event.from)
      case 'lookup-done':
        return event.name === ''
          ? null
          : file('ring', `${event.name} belongs to ${this.#nameOf(event.owner)} (${hops(event.route.length - 1)})`, event.owner)
      case 'stored':
        return file('file', `${event.name} is stored on ${this.#names(event.holders)}`)
      case 'copy-kept':
        return file('file', `A copy of ${event.name} came from ${this.#nameOf(event.from)}`, event.from)
      case 'put-aside':
        return file(
          'repair',
          `${event.name} was put aside: this machine was away for long, and the ring does not know the file any more; its bytes are still here`,
        )
      case 'copy-dropped':
        return file('repair', `The surplus copy of ${event.name} here was let go: enough others confirmed theirs`)
      case 'copy-damaged':
        return file('error', `The copy of ${event.name} on this machine was damaged and is being replaced`)
      case 'serving':
        return file('transfer', `${this.#nameOf(event.to)} asked for ${event.name}`, event.to)
      case 'served':
        return file('transfer', `${event.name} was sent to ${this.#nameOf(event.to)}`, event.to)
      case 'requested':
        return file('transfer', `${event.name} arrived from ${this.#names(event.from)}`)
      case 'repaired':
        return file('repair', `${event.name} was copied to ${this.#names(event.to)}`)
      case 'folder-note':
        return { kind: 'folder', text: event.text }
      case 'refused':
        return { kind: 'security', text: event.text }
      case 'error':
        return { kind: 'error', text: event.error.message }
      default:
        return null
    }
  }
}

function hops(count: number): string {
  return count === 1 ? '1 hop' : `${count} hops`
}
