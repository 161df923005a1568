/** What a person reads when the peer could not start: what happened, whether the files are safe, what to do. */

import type { PlainError } from '../../shared/errors.ts'

export interface StartErrorText {
  readonly title: string
  readonly text: string
}

/** `dataFolder` and `port` as they were asked for. */
export function describeStartError(
  error: PlainError,
  asked: { readonly dataFolder: string; readonly port: number | null },
): StartErrorText {
  const title = 'Ringdrop cannot start'
  switch (error.code) {
    case 'port-in-use': {
      const port = asked.port === null ? 'The port of this machine' : `Port ${String(asked.port)}`
      return {
        title,
        text: `${port} is in use by another program. Your files are safe. Quit that program, or start Ringdrop with another --port.`,
      }
    }
    case 'peer-running':
      return {
        title,
        text: `Another Ringdrop uses this data folder already:\n${asked.dataFolder}\n\nYour files are safe. Quit the other one (it may be "ringdrop serve" in a terminal), then start again.`,
      }
    case 'corrupt':
      return {
        title,
        text: `The records in the data folder are damaged and cannot be read:\n${asked.dataFolder}\n\n${error.message}\n\nCopies on your other machines are not affected. Keep the folder, move it aside, start again and join your ring with a new invite.`,
      }
    case 'disk-full':
      return {
        title,
        text: `There is no room left on the disk of the data folder:\n${asked.dataFolder}\n\nYour files are safe. Make room, then start again.`,
      }
    default:
      return { title, text: `${error.message}\n\nYour files are not touched by this. Data folder: ${asked.dataFolder}` }
  }
}
