/** How V8 works in a process that is there all day, mostly has little to say, and is not to be noticed by whoever uses the machine. */

import { PerformanceObserver } from 'node:perf_hooks'
import process from 'node:process'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/**
 * By default V8 lets 100 MB come together before it collects for the first time, and gives what is new up to 48 MB. A peer keeps about 20 MB
 * itself: most of its memory would be garbage. A collection begins when what is kept has grown by so many per cent.
 */
const growingPercent = 30
/** Room for what is new, in bytes: V8 doubles it until then. More of it costs memory, less of it processor time. */
const youngBytes = 8 * 1_048_576
/**
 * Bytecodes that a function runs before it is compiled once more, by the compiler that takes long, and much memory. By default a thirtieth:
 * storing 10 000 files, a third of all processor time went there, most of it for functions that had done nearly all they were to do.
 */
const optimizingBudget = 2_000_000

/** To be called before the peer starts. All of this is read while the program runs. */
export function setUpV8(): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`)
  setFlagsFromString(`--interrupt-budget=${optimizingBudget}`)
  const observer = new PerformanceObserver(() => {
    if (youngSpaceBytes() < youngBytes) return
    observer.disconnect()
    stopGrowing()
    // V8 takes this back for the whole process whenever a thread of it starts
    process.on('worker', (worker) => worker.once('online', stopGrowing))
  })
  observer.observe({ entryTypes: ['gc'] })
}

function stopGrowing(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

function youngSpaceBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? 0
}
