/**
 * Virtual time: what happens next, in order of time and, at equal times, of being scheduled. A binary heap; beside it a circle of
 * beats, since the ticks of all peers come every 100 ms for ever and would else be most of the heap's work.
 */

interface Scheduled {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

interface Beat {
  at: number
  readonly run: () => boolean
}

/** Virtual ms from one beat to the next. */
export const beatMs = 100

export class EventQueue {
  readonly #heap: Scheduled[] = []
  /** In order of time from `#nextBeat` on, round to before it: all have the same period. */
  #beats: Beat[] = []
  #nextBeat = 0
  #order = 0
  now = 0

  /** Runs `run` in `delayMs` of virtual time. */
  after(delayMs: number, run: () => void): void {
    const heap = this.#heap
    const added: Scheduled = { at: this.now + delayMs, order: this.#order++, run }
    let index = heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Scheduled
      if (!isBefore(added, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = added
  }

  /** Runs `run` in `delayMs`, at most a beat, and then every beat for as long as it returns true. */
  beat(delayMs: number, run: () => boolean): void {
    const at = this.now + delayMs
    const inOrder = this.#beats.slice(this.#nextBeat).concat(this.#beats.slice(0, this.#nextBeat))
    const index = inOrder.findIndex((other) => other.at > at)
    inOrder.splice(index < 0 ? inOrder.length : index, 0, { at, run })
    this.#beats = inOrder
    this.#nextBeat = 0
  }

  /** Runs what comes next, if that is not after `until`; else false, and `until` is now. */
  step(until: number): boolean {
    const next = this.#heap[0]
    const beat = this.#beats[this.#nextBeat]
    if (beat && beat.at <= until && (!next || beat.at <= next.at)) {
      this.#runBeat(beat)
    } else if (next && next.at <= until) {
      this.#pop()
      this.now = next.at
      next.run()
    } else {
      this.now = until
      return false
    }
    return true
  }

  /** Runs everything up to `until`, which then is now. */
  runUntil(until: number): void {
    while (this.step(until));
  }

  #runBeat(beat: Beat): void {
    this.now = beat.at
    beat.at += beatMs
    this.#nextBeat = (this.#nextBeat + 1) % this.#beats.length
    if (beat.run()) return
    const index = this.#beats.indexOf(beat)
    this.#beats.splice(index, 1)
    if (index < this.#nextBeat) this.#nextBeat--
    if (this.#nextBeat >= this.#beats.length) this.#nextBeat = 0
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (heap.length === 0 || !last) return
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      if (left >= heap.length) break
      const right = left + 1
      const child = right < heap.length && isBefore(heap[right] as Scheduled, heap[left] as Scheduled) ? right : left
      if (!isBefore(heap[child] as Scheduled, last)) break
      heap[index] = heap[child] as Scheduled
      index = child
    }
    heap[index] = last
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
