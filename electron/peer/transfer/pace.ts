/**
 * What sets the pace of a transfer, told by where its time is waited: for this machine's disk, for the bytes of one machine, for those of
 * all, or for the person's own bandwidth limit. Pure arithmetic over spans that the work measures once a block. What is not clear is null.
 */

import type { PaceView } from '../../../shared/views.ts'

/** Spans are judged together over so long: shorter, a single slow block would count. */
const windowMs = 1_000
/** Of the time waited, the part that makes it clear what for. */
const clearShare = 0.6
/** Waiting less than this part of the window is no waiting: what runs freely is held up by nothing. */
const waitedShareMin = 0.2

export class Pace {
  readonly #now: () => number
  readonly #isHeldBack: () => boolean
  #since: number
  #hereMs = 0
  readonly #machinesMs = new Map<string, number>()
  #spans = 0
  #heldSpans = 0

  /**
   * @param now monotonic, in ms
   * @param isHeldBack whether the person's own limit holds bytes back just now
   */
  constructor(now: () => number, isHeldBack: () => boolean) {
    this.#now = now
    this.#isHeldBack = isHeldBack
    this.#since = now()
  }

  /** `ms` were waited until this machine had read or taken a block. */
  waitedHere(ms: number): void {
    this.#hereMs += ms
    this.#count()
  }

  /** `ms` were waited until `machine` had given or taken a block. */
  waitedFor(machine: string, ms: number): void {
    this.#machinesMs.set(machine, (this.#machinesMs.get(machine) ?? 0) + ms)
    this.#count()
  }

  /** What set the pace since the last answer, or undefined while it is too early to say. */
  look(): PaceView | null | undefined {
    const now = this.#now()
    const passedMs = now - this.#since
    if (passedMs < windowMs) return undefined
    const judged = this.#judge(passedMs)
    this.#since = now
    this.#hereMs = this.#spans = this.#heldSpans = 0
    this.#machinesMs.clear()
    return judged
  }

  #count(): void {
    this.#spans++
    if (this.#isHeldBack()) this.#heldSpans++
  }

  #judge(passedMs: number): PaceView | null {
    const waits = [...this.#machinesMs].sort(([, a], [, b]) => b - a)
    const machinesMs = waits.reduce((sum, [, ms]) => sum + ms, 0)
    const allMs = this.#hereMs + machinesMs
    if (allMs < passedMs * waitedShareMin) return null
    if (this.#hereMs >= allMs * clearShare) return { what: 'here', machineId: null }
    if (machinesMs < allMs * clearShare) return null
    if (this.#heldSpans >= this.#spans * clearShare) return { what: 'own-limit', machineId: null }
    const [slowest] = waits
    if (slowest && slowest[1] >= machinesMs * clearShare) return { what: 'machine', machineId: slowest[0] }
    return { what: 'network', machineId: null }
  }
}
