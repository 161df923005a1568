/**
 * How a peer in the foreground ends: by a signal, by `ringdrop leave`, by the window's "leave and quit". The first asks for good
 * order, a second signal stops at once.
 */

import { toPlainError } from '../../shared/errors.ts'
import type { LeavingView } from '../../shared/views.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import type { ControlHost } from './control-commands.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { plural, sayError, type Io } from './io.ts'

export interface Ending {
  /** Leaves in good order, as the first Ctrl+C does. Never rejects: what goes wrong is printed. */
  request(): void
  leave: ControlHost['leave']
  /** The exit code, once the peer has stopped. */
  wait(): Promise<ExitCode>
  /** Gives the signals back. */
  release(): void
}

/** Closing files at once must not take longer than a person's patience, in milliseconds. */
const stopWithinMs = 2_000
/** A second signal this soon is the same Ctrl+C: it reaches npm and its child, and npm passes it on. */
const sameSignalMs = 300

export function createEnding(io: Io, peer: PeerApi): Ending {
  const abort = new AbortController()
  let finish: (code: ExitCode) => void = () => undefined
  const done = new Promise<ExitCode>((resolve) => (finish = resolve))
  let leaving: Promise<void> | null = null
  let askedAt = 0

  const leave: Ending['leave'] = (options) => {
    askedAt = performance.now()
    leaving ??= peer.leave({ ...options, signal: abort.signal }).then(
      () => {
        finish(exitCodes.done)
      },
      async (thrown: unknown) => {
        if (!abort.signal.aborted) await stop(peer)
        finish(exitCodes.failed)
        throw thrown
      },
    )
    return leaving
  }
  const stopAtOnce = async (): Promise<void> => {
    abort.abort()
    await stop(peer)
    finish(exitCodes.failed)
  }
  const request = (): void => {
    const show = leavingLine(io)
    leave({ forget: false, onProgress: show.progress }).then(show.end, (thrown: unknown) => {
      show.end()
      if (!abort.signal.aborted) sayError(io, toPlainError(thrown))
    })
  }
  const onSignal = (): void => {
    if (!leaving) request()
    else if (performance.now() - askedAt > sameSignalMs) void stopAtOnce()
  }
  const giveSignalsBack = io.onSignal(onSignal)
  // A peer of `ringdrop demo` must not outlive it, however that ends.
  const onOrphaned = (): void => void stopAtOnce()
  process.once('disconnect', onOrphaned)
  return {
    request,
    leave,
    wait: () => done,
    release: () => {
      giveSignalsBack()
      process.off('disconnect', onOrphaned)
    },
  }
}

async function stop(peer: PeerApi): Promise<void> {
  const late = new Promise<void>((resolve) => setTimeout(resolve, stopWithinMs).unref())
  await Promise.race([peer.stop().catch(() => undefined), late])
}

/** What a person should know before this machine is gone for longer. */
export function leftBehind(filesLeft: number): string {
  return `No machine took ${plural(filesLeft, 'file')}: out of reach until this machine is back, if nobody else has ${filesLeft === 1 ? 'it' : 'them'}`
}

/** How far the hand-over is: one line that renews itself on a terminal, elsewhere the first word only; and in the end what nobody took. */
function leavingLine(io: Io): { progress: (leaving: LeavingView) => void; end: () => void } {
  const onTerminal = io.stderr.isTTY === true
  let shown = false
  let left = 0
  return {
    progress: ({ filesLeft, filesTotal }) => {
      left = filesLeft
      const text = `Leaving: ${filesTotal - filesLeft} of ${filesTotal} files handed over; Ctrl+C again stops at once`
      if (onTerminal) io.stderr.write(`\r\u001b[2K${text}`)
      else if (!shown) io.stderr.write(`${text}\n`)
      shown = true
    },
    end: () => {
      if (shown && onTerminal) io.stderr.write('\n')
      if (left > 0) io.stderr.write(`${leftBehind(left)}\n`)
    },
  }
}
