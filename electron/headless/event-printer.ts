/** Events as JSON lines on standard output. They may be dropped, and say so; they never hold the peer up nor fill its memory. */

import type { Io } from './io.ts'

/** Bytes that wait for a slow reader; what comes then is dropped and counted. */
const waitingBytesMax = 4 * 1_048_576

export interface EventPrinter {
  say(event: object): void
}

export function createEventPrinter(io: Io): EventPrinter {
  let dropped = 0
  return {
    say: (event) => {
      if (io.stdout.writableLength > waitingBytesMax) {
        dropped++
        return
      }
      if (dropped > 0) io.stdout.write(`${JSON.stringify({ event: 'events-dropped', count: dropped })}\n`)
      dropped = 0
      io.stdout.write(`${JSON.stringify(event)}\n`)
    },
  }
}
