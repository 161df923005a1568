/** What V8 may keep of what nobody uses any more, in a process that is there all day and has little to say. */

import { setFlagsFromString } from 'node:v8'

/**
 * By default V8 lets 100 MB come together before it collects for the first time, and gives what is new up to 48 MB. A peer keeps about 20 MB
 * itself: most of its memory would be garbage. New things get 3 MB, and a collection begins when what is kept has grown by so many per cent.
 * Both are read at each collection, so that they may be set while the program runs; a fifth more processor time goes to the collector.
 */
const growingPercent = 30

/** To be called before the peer starts. */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`)
}
