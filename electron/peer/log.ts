/** The peer's log: one JSON object a line, in a file of the data folder that is started anew when it has grown. */

import { once } from 'node:events'
import { mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { destination, pino, type Logger } from 'pino'
import type { PeerEvent } from './peer-events.ts'

/** A log larger than this at start becomes `ringdrop.log.1`. */
const logBytesMax = 5_000_000
/** Characters that wait for a slow disk; lines beyond are dropped. */
const waitingMax = 1_000_000
/** Characters that go to the disk in one write. Until then all of them are counted anew for each line. */
const writtenMax = 2_048

export type LogTarget = 'file' | 'stderr' | 'none'

/** Opens the log. A log that cannot be written is no reason not to run. */
export async function openLog(dataFolder: string, target: LogTarget): Promise<Logger> {
  if (target === 'none') return pino({ enabled: false })
  if (target === 'stderr') return pino(destination({ dest: 2, sync: true }))
  const folder = join(dataFolder, 'logs')
  const path = join(folder, 'ringdrop.log')
  try {
    await mkdir(folder, { recursive: true })
    const found = await stat(path).catch(() => null)
    if (found && found.size > logBytesMax) await rename(path, `${path}.1`)
    // many lines a second come together in few writes, none of which anybody waits for; what waits at the end is written then
    const file = destination({ dest: path, sync: false, maxLength: waitingMax, maxWrite: writtenMax })
    await once(file, 'ready')
    // a disk that is full: later lines are tried again
    file.on('error', () => undefined)
    return pino(file)
  } catch {
    return pino({ enabled: false })
  }
}

/** Lines and pings come many a second: they are for the activity feed and a debugging run. */
export function logEvent(log: Logger, event: PeerEvent): void {
  switch (event.kind) {
    case 'pings-sent':
    case 'ping-received':
    case 'response-received':
    case 'revision':
      return
    case 'line':
    case 'lookup-started':
    case 'lookup-forwarded':
    case 'lookup-accepted':
    case 'lookup-done':
      log.debug(event)
      return
    case 'error':
    case 'copy-damaged':
    case 'refused':
      log.warn(event)
      return
    default:
      log.info(event)
  }
}
