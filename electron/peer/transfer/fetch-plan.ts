/**
 * Which blocks are asked of which holder: a pure plan. Holders take runs of adjacent blocks from one queue, so that a fast one takes
 * more; what broke comes back to the front. With several holders runs get shorter towards the end, and who has nothing left to do fetches
 * once more what another still has under way: so no slow holder delays the last block.
 */

export interface Run {
  readonly first: number
  readonly count: number
}

/** Blocks in one run at most: 64 MiB of 1 MiB blocks, a round trip and the look for the file hardly show. */
const runBlocksMax = 64
/** Files of fewer blocks are fetched once: what a second copy of a block would save is less than the connection that it is broken off on. */
const doubledFromBlocks = 8

export class FetchPlan {
  readonly #holders: number
  readonly #returned: Run[] = []
  /** Runs that were given out and neither came whole nor back, and whether a second holder was sent for their rest. */
  readonly #out = new Map<Run, 'once' | 'twice'>()
  /** Indexes of the blocks to fetch, in order: what an earlier try left here is not among them. */
  readonly #blocks: readonly number[]
  /** By index: 1 = here. */
  readonly #arrived: Uint8Array
  #next = 0
  #missing: number

  /** The blocks at the indexes `blocks`, ascending, to be fetched from `holders` at once. */
  constructor(blocks: readonly number[], holders: number) {
    this.#blocks = blocks
    this.#arrived = new Uint8Array((blocks.at(-1) ?? -1) + 1)
    this.#missing = blocks.length
    this.#holders = Math.max(1, holders)
  }

  get complete(): boolean {
    return this.#missing === 0
  }

  /** Whether there are blocks that no holder has under way. */
  get hasUntaken(): boolean {
    return this.#returned.length > 0 || this.#next < this.#blocks.length
  }

  /** The next run, or null when there is nothing to do (any more, or until something breaks). */
  take(): Run | null {
    const run = this.#returned.shift() ?? this.#fresh() ?? this.#double()
    if (run && !this.#out.has(run)) this.#out.set(run, 'once')
    return run
  }

  /** A block arrived and was verified. False when it was here already. */
  arrived(index: number): boolean {
    if (this.#arrived[index] === 1) return false
    this.#arrived[index] = 1
    this.#missing--
    return true
  }

  /** Whether all blocks of a run are here, whoever brought them. */
  isHere(run: Run): boolean {
    for (let index = run.first; index < run.first + run.count; index++) if (this.#arrived[index] === 0) return false
    return true
  }

  /** The holder is done with this run, or broke off: what did not arrive is for others. */
  giveBack(run: Run): void {
    this.#out.delete(run)
    const rest = this.#rest(run)
    if (rest) this.#returned.unshift(rest)
  }

  #fresh(): Run | null {
    const first = this.#blocks[this.#next]
    if (first === undefined) return null
    const left = this.#blocks.length - this.#next
    const share = this.#holders === 1 ? left : Math.ceil(left / (this.#holders * 2))
    const most = Math.min(runBlocksMax, share)
    let count = 1
    while (count < most && this.#blocks[this.#next + count] === first + count) count++
    this.#next += count
    return { first, count }
  }

  /** The later half of what another has under way: by the time it gets there, it is here. */
  #double(): Run | null {
    if (this.#blocks.length < doubledFromBlocks) return null
    for (const [run, times] of this.#out) {
      const rest = times === 'once' ? this.#rest(run) : null
      if (!rest) continue
      this.#out.set(run, 'twice')
      const skipped = Math.floor(rest.count / 2)
      const half = { first: rest.first + skipped, count: rest.count - skipped }
      this.#out.set(half, 'twice')
      return half
    }
    return null
  }

  /** From the first block of a run that is not here to the last that is not; null when all are. */
  #rest({ first, count }: Run): Run | null {
    let from = first
    let to = first + count
    while (from < to && this.#arrived[from] === 1) from++
    while (to > from && this.#arrived[to - 1] === 1) to--
    return from < to ? { first: from, count: to - from } : null
  }
}
