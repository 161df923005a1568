/**
 * Work in steps of some milliseconds, the first of them at once: what a person does meanwhile is answered in between. Little work is done when
 * `inSteps` returns.
 */

/** A step: with the drawing after it, half of what a person notices. */
const stepMs = 8

export interface Steps {
  readonly isOver: boolean
  /** The rest at once. */
  finish(): void
  /** The rest never. */
  stop(): void
}

/** `work` yields wherever it may rest, at least once a millisecond. */
export function inSteps(work: Iterator<void, void>): Steps {
  let isOver = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const goOn = (untilMs: number): void => {
    if (isOver) return
    // what throws is over, too
    isOver = true
    while (!work.next().done) {
      if (performance.now() < untilMs) continue
      timer = setTimeout(() => goOn(performance.now() + stepMs))
      isOver = false
      return
    }
  }
  goOn(performance.now() + stepMs)
  return {
    get isOver() {
      return isOver
    },
    finish() {
      clearTimeout(timer)
      goOn(Infinity)
    },
    stop() {
      clearTimeout(timer)
      isOver = true
    },
  }
}
