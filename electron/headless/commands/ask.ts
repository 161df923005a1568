/** What all commands to a running peer have in common: ask, print, and an exit code from what came back. */

import { AppError, type PlainError } from '../../../shared/errors.ts'
import { askPeer } from '../control-client.ts'
import type { ControlArgument, ControlItems, ControlName } from '../control-shapes.ts'
import { exitCodeOf, exitCodes, worseExitCode, type ExitCode } from '../exit-codes.ts'
import { say, sayError, sayJson, type CommonOptions, type Io, type Output } from '../io.ts'
import { createBars } from './bars.ts'

export interface Question<K extends ControlName> {
  readonly name: K
  readonly argument: ControlArgument<K>
  /** One answer as people read it; `--json` prints the object itself. */
  readonly lines: (item: ControlItems[K]) => readonly string[]
  /** The exit code that an answer stands for; default: done. */
  readonly code?: (item: ControlItems[K]) => ExitCode
  /** Label of the progress bar that an answer ends. */
  readonly label?: (item: ControlItems[K]) => string
  readonly countedProgress?: boolean
  /** What this command offers against an error, added to its message. */
  readonly remedy?: (error: PlainError) => string | null
  /** Takes streamed bytes. */
  readonly onBytes?: (bytes: Buffer) => Promise<void>
}

/** Runs one command in the running peer, prints every answer as it comes, and returns the worst exit code of all. */
export async function ask<K extends ControlName>(io: Io, common: CommonOptions, question: Question<K>): Promise<ExitCode> {
  const bars = await createBars(io, { json: common.json, ...(question.countedProgress === true ? { counted: true } : {}) })
  let code: ExitCode = exitCodes.done
  const withRemedy = (error: PlainError): PlainError => {
    const remedy = question.remedy?.(error) ?? null
    return remedy === null ? error : { ...error, message: `${error.message} (${remedy})` }
  }
  try {
    await askPeer(
      { dataFolder: common.dataFolder, name: question.name, argument: question.argument },
      {
        onItem: async (item) => {
          code = worseExitCode(code, question.code?.(item) ?? exitCodes.done)
          if (question.label) bars.finish(question.label(item))
          writeTogether(io.stdout)
          if (common.json) sayJson(io, item)
          else for (const line of question.lines(item)) say(io, line)
          await drained(io)
        },
        onFailed: (error, label) => {
          bars.finish(label)
          code = worseExitCode(code, sayError(io, withRemedy(error)))
        },
        onProgress: (label, done, total) => {
          bars.show(label, done, total)
        },
        ...(question.onBytes ? { onBytes: question.onBytes } : {}),
      },
    )
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    bars.stop()
    sayError(io, withRemedy(thrown.toPlain()))
    return worseExitCode(code, exitCodeOf(thrown.code))
  } finally {
    bars.stop()
    io.stdout.uncork()
  }
  return code
}

/** What is said in one turn goes out in one write: answers come by the hundred. */
function writeTogether(out: Output): void {
  if (out.writableCorked > 0) return
  out.cork()
  setImmediate(() => out.uncork())
}

/** A pager or a slow pipe holds the peer's answers up instead of filling our memory. */
async function drained(io: Io): Promise<void> {
  const out = io.stdout
  if (!out.writableNeedDrain || out.destroyed) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      out.off('drain', done).off('close', done).off('error', done)
      resolve()
    }
    out.on('drain', done).on('close', done).on('error', done)
  })
}

/** Writes bytes to standard output and waits until it takes more. */
export async function writeBytes(io: Io, bytes: Buffer): Promise<void> {
  if (io.stdout.destroyed) throw new AppError('cancelled', 'Nobody reads standard output any more')
  io.stdout.write(bytes)
  await drained(io)
}
