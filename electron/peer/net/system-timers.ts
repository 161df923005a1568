/** Timers of this machine. None of them keeps the process alive: what waits does. */

import type { Timers } from '../ring/ports.ts'

export const systemTimers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref()
    return () => clearTimeout(timer)
  },
}
