/**
 * Files on their way into the ring: each waits until its size and time of change have stood still, then queues, first come first served
 * (those that become ready together by name). Holds names and states only, and a bounded number of them. No clock of its own.
 */

import type { FileState } from '../disk/stored-files.ts'

interface Waiting {
  state: FileState
  /** When it is to be looked at again, on the caller's clock in ms. */
  lookAt: number
}

/** Files that wait or queue at once. More are left for the next walk through the folder. */
const maxArrivals = 100_000

export class Arrivals {
  readonly #steadyMs: number
  readonly #waiting = new Map<string, Waiting>()
  readonly #ready = new Set<string>()
  #overflowed = false

  /** @param steadyMs how long a file must not have changed, in ms */
  constructor(steadyMs: number) {
    this.#steadyMs = steadyMs
  }

  get size(): number {
    return this.#waiting.size + this.#ready.size
  }

  /** True once after files had to be left out. */
  takeOverflow(): boolean {
    const overflowed = this.#overflowed && this.size === 0
    if (overflowed) this.#overflowed = false
    return overflowed
  }

  /** A file was seen in this state: it waits, from now on, or for `delayMs` where that is longer. */
  see(name: string, state: FileState, { now, delayMs = 0 }: { readonly now: number; readonly delayMs?: number }): void {
    if (this.#ready.has(name)) return
    const waiting = this.#waiting.get(name)
    // heard of again without a change: its time goes on
    if (waiting && sameState(waiting.state, state)) return
    if (!waiting && this.size >= maxArrivals) {
      this.#overflowed = true
      return
    }
    this.#waiting.set(name, { state, lookAt: now + Math.max(this.#steadyMs, delayMs) })
  }

  /** Names to look at now. Each is to be answered with `looked`. */
  due(now: number): string[] {
    const names: string[] = []
    for (const [name, waiting] of this.#waiting) if (waiting.lookAt <= now) names.push(name)
    return names.sort()
  }

  /** When the next one is due, or null. */
  nextDue(): number | null {
    let next: number | null = null
    for (const { lookAt } of this.#waiting.values()) next = next === null ? lookAt : Math.min(next, lookAt)
    return next
  }

  /** What a due file looks like now; null = it is no regular file any more. Unchanged: it queues. */
  looked(name: string, state: FileState | null, now: number): void {
    const waiting = this.#waiting.get(name)
    // seen again while it was being looked at: it has changed
    if (!waiting || waiting.lookAt > now) return
    this.#waiting.delete(name)
    if (state === null) return
    if (sameState(state, waiting.state)) this.#ready.add(name)
    else this.#waiting.set(name, { state, lookAt: now + this.#steadyMs })
  }

  /** The next to be stored; null when none is ready. One that is `busy` waits: a file is not stored twice at the same time. */
  take(busy: (name: string) => boolean): string | null {
    for (const name of this.#ready) {
      if (busy(name)) continue
      this.#ready.delete(name)
      return name
    }
    return null
  }
}

export function sameState(a: FileState, b: FileState): boolean {
  return a.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs
}
