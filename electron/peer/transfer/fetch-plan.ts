/**
 * Which blocks are asked of which holder: a pure plan. Holders take runs of adjacent blocks from one queue, so that a fast
 * one takes more; a run that broke comes back to the front. Near the end runs get shorter, so that no slow holder has a
 * long last one.
 */

export interface Run {
  readonly first: number
  readonly count: number
}

/** Blocks in one run at most: 16 MiB of 1 MiB blocks, a round trip hardly shows. */
const runBlocksMax = 16

export class FetchPlan {
  readonly #holders: number
  readonly #returned: Run[] = []
  /** Indexes of the blocks to fetch, in order: what an earlier try left here is not among them. */
  readonly #blocks: readonly number[]
  #next = 0
  #missing: number

  /** The blocks at the indexes `blocks`, ascending, to be fetched from `holders` at once. */
  constructor(blocks: readonly number[], holders: number) {
    this.#blocks = blocks
    this.#missing = blocks.length
    this.#holders = Math.max(1, holders)
  }

  get complete(): boolean {
    return this.#missing === 0
  }

  /** The next run, or null when all are given out. */
  take(): Run | null {
    const returned = this.#returned.shift()
    if (returned) return returned
    const first = this.#blocks[this.#next]
    if (first === undefined) return null
    const left = this.#blocks.length - this.#next
    const most = Math.min(runBlocksMax, Math.max(1, Math.ceil(left / (this.#holders * 2))))
    let count = 1
    while (count < most && this.#blocks[this.#next + count] === first + count) count++
    this.#next += count
    return { first, count }
  }

  /** One block arrived and was verified. */
  done(): void {
    this.#missing--
  }

  /** The rest of a run that broke, to be taken by another holder. */
  giveBack(run: Run): void {
    if (run.count > 0) this.#returned.unshift(run)
  }
}
