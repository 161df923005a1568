/** Virtual time: what happens next, in order of time and, at equal times, of being scheduled. A binary heap. */

interface Scheduled {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class EventQueue {
  readonly #heap: Scheduled[] = []
  #order = 0
  now = 0

  /** Runs `run` in `delayMs` of virtual time. */
  after(delayMs: number, run: () => void): void {
    const heap = this.#heap
    heap.push({ at: this.now + delayMs, order: this.#order++, run })
    let index = heap.length - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#swapIfBefore(index, parent)) break
      index = parent
    }
  }

  /** Runs everything up to `until`, which then is now. */
  runUntil(until: number): void {
    for (let next = this.#heap[0]; next && next.at <= until; next = this.#heap[0]) {
      this.#pop()
      this.now = next.at
      next.run()
    }
    this.now = until
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (heap.length === 0 || !last) return
    heap[0] = last
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      if (left >= heap.length) return
      const right = left + 1
      const child = right < heap.length && isBefore(heap[right] as Scheduled, heap[left] as Scheduled) ? right : left
      if (!this.#swapIfBefore(child, index)) return
      index = child
    }
  }

  #swapIfBefore(a: number, b: number): boolean {
    const heap = this.#heap
    const x = heap[a] as Scheduled
    const y = heap[b] as Scheduled
    if (!isBefore(x, y)) return false
    heap[a] = y
    heap[b] = x
    return true
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
