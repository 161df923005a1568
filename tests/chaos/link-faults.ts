/**
 * What is wrong with the network now, for each ordered pair of machines: a table that the relays ask at every datagram and every
 * piece of a stream. All chance comes from one seed.
 */

import { pickNumber, Prng } from '../../electron/peer/ring/prng.ts'

/** Faults on the way from one machine to another. */
export interface Link {
  /** Share of datagrams lost, 0 to 1. */
  readonly dropShare: number
  /** Share of datagrams that arrive twice, 0 to 1. */
  readonly duplicateShare: number
  /** Added to every datagram and every piece of a stream, in ms. */
  readonly delayMs: number
  /** More delay, by chance up to so many ms: datagrams overtake each other, streams never. */
  readonly jitterMs: number
  /** Cap of one stream; Infinity = none. */
  readonly bytesPerSecond: number
  /** What does not get through: nothing, datagrams, or datagrams and streams. */
  readonly blocked: 'none' | 'datagrams' | 'all'
}

const cleanLink: Link = { dropShare: 0, duplicateShare: 0, delayMs: 0, jitterMs: 0, bytesPerSecond: Infinity, blocked: 'none' }

/** The same fault on several links, each given as [from, to]. */
export interface LinkFault {
  readonly pairs: readonly (readonly [number, number])[]
  readonly link: Partial<Link>
}

/** What becomes of one datagram: the delays, in ms, after which it arrives; none = it is lost. */
export type DatagramFate = readonly number[]

export class LinkFaults {
  readonly #random: Prng
  readonly #links = new Map<string, Link>()
  readonly #waiting = new Set<() => void>()

  constructor(seed: number) {
    this.#random = new Prng(seed)
  }

  /** The way from machine number `from` to machine number `to`. */
  link(from: number, to: number): Link {
    return this.#links.get(`${from}>${to}`) ?? cleanLink
  }

  /** From now on exactly this is wrong; where faults meet on one link, the worst of each counts. */
  apply(faults: Iterable<LinkFault>): void {
    this.#links.clear()
    for (const { pairs, link } of faults) {
      for (const [from, to] of pairs) this.#links.set(`${from}>${to}`, worst(this.link(from, to), link))
    }
    for (const done of [...this.#waiting]) done()
  }

  datagram(from: number, to: number): DatagramFate {
    const link = this.link(from, to)
    if (link.blocked !== 'none' || this.#random.next() < link.dropShare) return []
    const fate = [this.#delay(link)]
    if (this.#random.next() < link.duplicateShare) fate.push(this.#delay(link))
    return fate
  }

  /** Delay of one piece of a stream, in ms. */
  streamDelay(from: number, to: number): number {
    return this.#delay(this.link(from, to))
  }

  /** Resolves when streams get through from one to the other; at once when they do already, or when `signal` aborts. */
  async untilOpen(from: number, to: number, signal: AbortSignal): Promise<void> {
    while (this.link(from, to).blocked === 'all' && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#waiting.delete(done)
          signal.removeEventListener('abort', done)
          resolve()
        }
        this.#waiting.add(done)
        signal.addEventListener('abort', done)
      })
    }
  }

  /** Rubbish of up to `bytesMax` bytes. */
  noise(bytesMax: number): Buffer {
    const noise = Buffer.alloc(1 + pickNumber(this.#random, bytesMax))
    for (let at = 0; at < noise.length; at++) noise[at] = pickNumber(this.#random, 256)
    return noise
  }

  /** A copy with one bit turned. */
  damaged(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes)
    const at = pickNumber(this.#random, copy.length)
    copy[at] = copy[at]! ^ (1 << pickNumber(this.#random, 8))
    return copy
  }

  #delay({ delayMs, jitterMs }: Link): number {
    return delayMs + (jitterMs > 0 ? this.#random.next() * jitterMs : 0)
  }
}

function worst(a: Link, b: Partial<Link>): Link {
  const order = ['none', 'datagrams', 'all'] as const
  const rank = Math.max(order.indexOf(a.blocked), order.indexOf(b.blocked ?? 'none'))
  return {
    dropShare: Math.max(a.dropShare, b.dropShare ?? 0),
    duplicateShare: Math.max(a.duplicateShare, b.duplicateShare ?? 0),
    delayMs: Math.max(a.delayMs, b.delayMs ?? 0),
    jitterMs: Math.max(a.jitterMs, b.jitterMs ?? 0),
    bytesPerSecond: Math.min(a.bytesPerSecond ?? Infinity, b.bytesPerSecond ?? Infinity),
    blocked: order[rank]!,
  }
}
