/**
 * Rings nearby, by DNS-SD on the local network. An announcement helps people find each other and proves nothing: who gets in is
 * decided elsewhere. Networks without multicast are common, so every failure here is a note and never an error.
 */

import type { EventEmitter } from 'node:events'
import bonjour, { type Bonjour as BonjourClient, type Browser, type Service } from 'bonjour-service'
import type { Way } from '../protocol/contact.ts'
import { formatWay } from './way.ts'

const serviceType = 'ringdrop'
/** Hexadecimal digits of the authority's fingerprint: 64 bits tell apart the rings of any network. */
const ringIdLength = 16
/** Announcing machines remembered: anyone on the network can announce. */
const announcementsMax = 256
const nameLengthMax = 64
/** How long a ring stays in the list after its goodbye. */
const graceMs = 3000

/** What a member tells the local network about its ring. */
export interface RingAnnouncement {
  /** Fingerprint of the ring's authority, hexadecimal; its beginning is announced. */
  readonly fingerprint: string
  readonly ringName: string
  readonly machines: number
  readonly files: number
}

/** A ring as one of its members announces it. Texts are a stranger's: to be shown, not trusted. */
export interface NearbyRing {
  readonly ringId: string
  readonly name: string
  readonly machines: number
  readonly files: number
  /** Where the announcing members listen. */
  readonly ways: readonly Way[]
}

/** A machine on the local network, as it, or somebody in its name, says. */
export interface AnnouncedMachine {
  readonly ringId: string
  /** Its id, as people see it. */
  readonly machineId: string
  readonly ways: readonly Way[]
}

export interface DiscoveryOptions {
  /** Id of this machine, as people see it: tells its announcement from the others'. */
  readonly machineId: string
  readonly port: number
  /** The rings nearby changed; the whole list, this machine's own announcement left out. */
  readonly onChange: (rings: NearbyRing[]) => void
  /** A machine announced itself, or anew. Anyone may: it is a place to knock at, no more. */
  readonly onMachine: (machine: AnnouncedMachine) => void
  /** Discovery does not work, and why; told once per reason. */
  readonly onNote: (text: string) => void
}

export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #notes = new Set<string>()
  readonly #found = new Map<string, NearbyRing>()
  readonly #leaving = new Map<string, NodeJS.Timeout>()
  #client: BonjourClient | null = null
  #browser: Browser | null = null
  #published: { readonly service: Service; readonly text: string } | null = null

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  /** Starts looking. Nothing is announced until `announce`. */
  start(): void {
    this.#safely(() => {
      // an adapter without multicast reports here, at any time later
      this.#client = new bonjour.Bonjour({}, (error: Error) => {
        this.#note(error)
      })
      // the library leaves its socket's errors to nobody, which would end the process
      const { server } = this.#client as unknown as { server: { mdns: EventEmitter } }
      server.mdns.on('error', (error: unknown) => {
        this.#note(error)
      })
      this.#browser = this.#client.find({ type: serviceType })
      this.#browser.on('up', (service) => {
        this.#up(service)
      })
      this.#browser.on('txt-update', (service) => {
        this.#up(service)
      })
      this.#browser.on('srv-update', (service) => {
        this.#up(service)
      })
      this.#browser.on('down', (service) => {
        this.#down(service.fqdn)
      })
    })
  }

  /** Announces the ring, or what changed of it; null takes the announcement back. The same as before costs nothing. */
  announce(ring: RingAnnouncement | null): void {
    const txt = ring ? textOf(ring, this.#options.machineId) : null
    const text = txt ? JSON.stringify(txt) : ''
    if (!this.#client || text === (this.#published?.text ?? '')) return
    this.#safely(() => {
      const old = this.#published
      this.#published = null
      const publish = (): void => {
        if (!txt || !this.#client || this.#published) return
        const { machineId, port } = this.#options
        // the id is unique, so asking the network for clashes would only take time
        const service = this.#client.publish({ name: `ringdrop ${machineId.slice(0, 40)}`, type: serviceType, port, txt, probe: false })
        service.on('error', (error: Error) => {
          this.#note(error)
        })
        this.#published = { service, text }
      }
      if (old) (old.service.stop as (done: () => void) => void)(publish)
      else publish()
    })
  }

  /** Asks the network again: after a sleep or a change of network. */
  refresh(): void {
    this.#safely(() => this.#browser?.update())
  }

  /** Takes the announcement back and stops. Resolves when the goodbye is on its way, after a second at most. */
  async stop(): Promise<void> {
    const client = this.#client
    this.#client = null
    this.#published = null
    for (const fqdn of [...this.#leaving.keys()]) this.#stay(fqdn)
    this.#found.clear()
    if (!client) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1000)
      this.#safely(() => {
        this.#browser?.stop()
        client.unpublishAll(() => {
          client.destroy()
          clearTimeout(timer)
          resolve()
        })
      })
    })
  }

  #up(service: Service): void {
    const ring = ringOf(service)
    const machineId = (service.txt as Record<string, unknown> | undefined)?.machine
    const own = machineId === this.#options.machineId
    if (!ring || own || (!this.#found.has(service.fqdn) && this.#found.size >= announcementsMax)) return
    this.#stay(service.fqdn)
    this.#found.set(service.fqdn, ring)
    if (typeof machineId === 'string') this.#options.onMachine({ ringId: ring.ringId, machineId, ways: ring.ways })
    this.#tell()
  }

  /** A changed announcement is a goodbye and a new one: the ring shall not blink in people's windows. */
  #down(fqdn: string): void {
    this.#stay(fqdn)
    const timer = setTimeout(() => {
      this.#leaving.delete(fqdn)
      if (this.#found.delete(fqdn)) this.#tell()
    }, graceMs)
    timer.unref()
    this.#leaving.set(fqdn, timer)
  }

  #stay(fqdn: string): void {
    clearTimeout(this.#leaving.get(fqdn))
    this.#leaving.delete(fqdn)
  }

  #tell(): void {
    this.#options.onChange(ringsOf([...this.#found.values()]))
  }

  #safely(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#note(error)
    }
  }

  #note(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    if (this.#notes.has(text) || this.#notes.size >= 16) return
    this.#notes.add(text)
    this.#options.onNote(`Rings nearby cannot be seen or announced: ${text}`)
  }
}

/** The announcement's TXT record. */
export function textOf(ring: RingAnnouncement, machineId: string): Record<string, string> {
  return {
    ring: ring.fingerprint.slice(0, ringIdLength),
    name: ring.ringName.slice(0, nameLengthMax),
    machines: String(ring.machines),
    files: String(ring.files),
    machine: machineId,
  }
}

/** The ring in a service that anyone may have announced, or null. */
export function ringOf(service: Pick<Service, 'txt' | 'port' | 'addresses'>): NearbyRing | null {
  const txt = (service.txt ?? {}) as Record<string, unknown>
  const { ring, name } = txt
  if (typeof ring !== 'string' || !/^[0-9a-f]{16}$/.test(ring) || typeof name !== 'string' || name === '') return null
  const ways = (service.addresses ?? []).filter((address) => !/^fe80:/i.test(address)).map((address) => formatWay(address, service.port))
  return { ringId: ring, name: printable(name), machines: count(txt.machines), files: count(txt.files), ways: ways.slice(0, 8) }
}

/** One entry a ring: its members' announcements differ by age, so the largest numbers stand. Sorted by name. */
export function ringsOf(announcements: readonly NearbyRing[]): NearbyRing[] {
  const rings = new Map<string, NearbyRing>()
  for (const next of announcements) {
    const known = rings.get(next.ringId)
    if (!known) rings.set(next.ringId, next)
    else
      rings.set(next.ringId, {
        ...known,
        machines: Math.max(known.machines, next.machines),
        files: Math.max(known.files, next.files),
        ways: [...new Set([...known.ways, ...next.ways])].slice(0, 8),
      })
  }
  return [...rings.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function count(text: unknown): number {
  return typeof text === 'string' && /^[0-9]{1,9}$/.test(text) ? Number(text) : 0
}

function printable(name: string): string {
  return name.replace(/\p{C}/gu, '').slice(0, nameLengthMax)
}
