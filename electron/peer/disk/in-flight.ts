/** Work on several blocks, or packs, at once, a bounded number: who adds more waits. The first failure ends it, once all that runs is over. */

export class InFlight {
  readonly #most: number
  readonly #running = new Set<Promise<void>>()
  #failed = false
  #failure: unknown = undefined

  constructor(most: number) {
    this.#most = most
  }

  /** Resolves when there is room for the next one. Throws what an earlier one threw. */
  async add(work: Promise<void>): Promise<void> {
    const run = work
      .catch((thrown: unknown) => {
        if (!this.#failed) this.#failure = thrown
        this.#failed = true
      })
      .finally(() => this.#running.delete(run))
    this.#running.add(run)
    while (this.#running.size >= this.#most) await Promise.race(this.#running)
    if (this.#failed) throw this.#failure
  }

  /** Resolves when all is done. Throws what one of them threw. */
  async end(): Promise<void> {
    await Promise.all(this.#running)
    if (this.#failed) throw this.#failure
  }

  /** Resolves when nothing runs any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }
}
