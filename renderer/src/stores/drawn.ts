/**
 * A shallow value that news write at once and the window sees at the next frame: a burst of news is one redraw, and a hidden
 * window, which gets no frames, draws nothing.
 */

import { shallowRef, triggerRef, type ShallowRef } from 'vue'

export interface Drawn<T> {
  readonly value: Readonly<ShallowRef<T>>
  /** Changes the value in place, or returns a new one. */
  change(apply: (value: T) => T | undefined): void
  /** Shows changes now: for the first snapshot. */
  show(): void
}

export function drawn<T>(initial: T): Drawn<T> {
  const value = shallowRef(initial) as ShallowRef<T>
  let next = initial
  let asked = false
  const show = (): void => {
    asked = false
    if (value.value === next) triggerRef(value)
    else value.value = next
  }
  return {
    value,
    show,
    change(apply) {
      next = apply(next) ?? next
      if (asked) return
      asked = true
      requestAnimationFrame(() => {
        if (asked) show()
      })
    },
  }
}
