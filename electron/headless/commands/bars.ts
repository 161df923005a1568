/** Progress bars, on a terminal only: a pipe gets results and nothing else. */

import type { SingleBar } from 'cli-progress'
import { formatSize } from '../../../shared/units.ts'
import { printable, type Io } from '../io.ts'

export interface Bars {
  show(label: string, done: number, total: number): void
  /** Takes one bar away, before its result is printed. */
  finish(label: string): void
  stop(): void
}

const labelLength = 40
const none: Bars = { show: () => undefined, finish: () => undefined, stop: () => undefined }

/** `counted`: things rather than bytes. */
export async function createBars(io: Io, options: { readonly json: boolean; readonly counted?: boolean }): Promise<Bars> {
  if (options.json || io.stderr.isTTY !== true) return none
  const { MultiBar } = await import('cli-progress')
  const format = options.counted === true ? String : formatSize
  const multi = new MultiBar({
    stream: io.stderr,
    format: '{label} {bar} {done} of {all}',
    clearOnComplete: true,
    hideCursor: true,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    fps: 4,
    // cli-progress would take over Ctrl+C, which ends the command by closing its connection.
    gracefulExit: false,
  })
  const bars = new Map<string, SingleBar>()
  return {
    show: (label, done, total) => {
      const shown = printable(label).slice(-labelLength).padEnd(Math.min(labelLength, 20))
      const values = { label: shown, done: format(done), all: format(total) }
      const bar = bars.get(label)
      if (bar) bar.update(done, values)
      else bars.set(label, multi.create(Math.max(total, 1), done, values))
    },
    finish: (label) => {
      const bar = bars.get(label)
      if (!bar) return
      bars.delete(label)
      multi.remove(bar)
      if (bars.size === 0) multi.update()
    },
    stop: () => {
      for (const bar of bars.values()) multi.remove(bar)
      multi.stop()
    },
  }
}
