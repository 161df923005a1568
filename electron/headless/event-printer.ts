/** Events as JSON lines on standard output. They may be dropped, and say so; they never hold the peer up nor fill its memory. */

import type { Io } from './io.ts'

/** Bytes that wait for a slow reader; what comes then is dropped and counted. */
const waitingBytesMax = 4 * 1_048_576

export interface EventPrinter {
  say(event: object): void
}

export function createEventPrinter(io: Io): EventPrinter {
  let dropped = 0
  let lines = ''
  const flush = (): void => {
    const text = lines
    lines = ''
    io.stdout.write(text)
  }
  return {
    say: (event) => {
      if (io.stdout.writableLength + lines.length > waitingBytesMax) {
        dropped++
        return
      }
      // what happens in one turn of the event loop is one write
      if (lines === '') process.nextTick(flush)
      if (dropped > 0) lines += `${JSON.stringify({ event: 'events-dropped', count: dropped })}\n`
      dropped = 0
      lines += `${JSON.stringify(event)}\n`
    },
  }
}
