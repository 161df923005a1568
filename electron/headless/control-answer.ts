/** What a command of the control socket answers with, whatever carries it. */

import type { Writable } from 'node:stream'
import type { PlainError } from '../../shared/errors.ts'

/** Where a command's answers go. */
export interface Answer {
  /** One object of the answer. Resolves when there is room for the next. */
  item(value: unknown): Promise<void>
  /** One thing of several failed; the others go on. */
  failed(error: PlainError, label: string): Promise<void>
  /** Latest-wins. */
  progress(label: string, doneBytes: number, totalBytes: number): void
  /** A stream for a file's bytes. */
  bytes(): Writable
  /** Aborted when the asking side went away. */
  readonly signal: AbortSignal
}
