/**
 * A shallow value that news write at once and the window sees at the next picture of news: a burst of news is a redraw now and then,
 * and a hidden window, which gets no frames, draws nothing.
 */

import { shallowRef, triggerRef, type ShallowRef } from 'vue'

export interface Drawn<T> {
  readonly value: Readonly<ShallowRef<T>>
  /** Changes the value in place, or returns a new one. */
  change(apply: (value: T) => T | undefined): void
  /** Shows changes now: for the first snapshot. */
  show(): void
}

/** Between two pictures of news. What people do themselves is drawn in between: a busy peer must not keep the page from it. */
const restMs = 100

const waiting = new Set<() => void>()
let shownAt = -restMs

/** All values that changed are shown together. */
function showSoon(show: () => void): void {
  waiting.add(show)
  if (waiting.size > 1) return
  const showAll = (): void => {
    shownAt = performance.now()
    const shows = [...waiting]
    waiting.clear()
    for (const one of shows) one()
  }
  const rest = shownAt + restMs - performance.now()
  if (rest > 0) setTimeout(() => requestAnimationFrame(showAll), rest)
  else requestAnimationFrame(showAll)
}

export function drawn<T>(initial: T): Drawn<T> {
  const value = shallowRef(initial) as ShallowRef<T>
  let next = initial
  const show = (): void => {
    if (value.value === next) triggerRef(value)
    else value.value = next
  }
  return {
    value,
    show,
    change(apply) {
      next = apply(next) ?? next
      showSoon(show)
    },
  }
}
