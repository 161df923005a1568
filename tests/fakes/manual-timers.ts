/** Timers whose time passes when a test says so. */

import type { Timers } from '../../electron/peer/ring/ports.ts'

export class ManualTimers implements Timers {
  #now = 0
  #waiting: { readonly at: number; readonly run: () => void }[] = []

  /** Ms that have passed. */
  get now(): number {
    return this.#now
  }

  /** Timers that are still to run. */
  get waiting(): number {
    return this.#waiting.length
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#now + delayMs, run }
    this.#waiting.push(timer)
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== timer)
    }
  }

  /** Runs what is due within the next `ms`, in order. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const [next] = this.#waiting.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
      if (!next) break
      this.#waiting = this.#waiting.filter((other) => other !== next)
      this.#now = next.at
      next.run()
    }
    this.#now = until
  }
}
