/**
 * When the parts of the ring have something to do next. Each has deadlines of its own; the earliest of all says when a tick is of any
 * use. Plain data: nothing here runs by itself.
 */

import type { Clock } from './ports.ts'

export class Deadlines {
  readonly #clock: Clock
  readonly #onSooner: () => void
  readonly #all: Deadline[] = []
  /** The earliest of all, or null: to be looked for again. */
  #next: number | null = null

  /** `onSooner`: the earliest is earlier than it was. That it is later nobody is told: who wants to know asks. */
  constructor(clock: Clock, onSooner: () => void = () => undefined) {
    this.#clock = clock
    this.#onSooner = onSooner
  }

  /** One more, due at once. */
  add(): Deadline {
    const deadline = new Deadline(this, this.#clock.now())
    this.#all.push(deadline)
    this.#next = null
    return deadline
  }

  get now(): number {
    return this.#clock.now()
  }

  /** Clock time of the earliest, or Infinity. */
  get next(): number {
    if (this.#next !== null) return this.#next
    let next = Infinity
    for (const { at } of this.#all) if (at < next) next = at
    this.#next = next
    return next
  }

  /** For a deadline of its own that is moved now. */
  moves(from: number, to: number): void {
    const { next } = this
    if (to < next) {
      this.#next = to
      this.#onSooner()
    } else if (from === next) this.#next = null
  }
}

export class Deadline {
  readonly #of: Deadlines
  #at: number

  constructor(of: Deadlines, at: number) {
    this.#of = of
    this.#at = at
  }

  /** Clock time in ms; Infinity = there is nothing to do. */
  get at(): number {
    return this.#at
  }

  set at(at: number) {
    const from = this.#at
    if (at === from) return
    this.#of.moves(from, at)
    this.#at = at
  }

  isDue(now: number): boolean {
    return this.#at <= now
  }

  /** On the next tick, unless it was due before. */
  soon(): void {
    this.by(this.#of.now)
  }

  /** At `at` or before. */
  by(at: number): void {
    if (at < this.#at) this.at = at
  }

  /** Nothing to do. */
  clear(): void {
    this.at = Infinity
  }
}
