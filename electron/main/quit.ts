/**
 * Quitting in good order: hand this machine's copies over while the window shows how far it is, then stop. Asked a second time
 * it stops at once, and it never waits for ever: a hand-over that stands still, or takes too long, is given up. Nothing is
 * lost by that: the files stay on this disk, and the others make new copies after the repair delay.
 */

import type { LeavingView } from '../../shared/views.ts'

export interface QuitPort {
  /** Hands over and stops the peer. */
  leave(onProgress: (leaving: LeavingView) => void, signal: AbortSignal): Promise<void>
  /** Stops the peer at once. */
  stop(): Promise<void>
  /** Shows the hand-over to the person. */
  show(leaving: LeavingView): void
  /** Ends the process; called once. */
  exit(code: number): Promise<void> | void
}

export interface QuitLimits {
  /** Longest time without progress before the hand-over is given up. */
  readonly stalledMs: number
  /** Longest hand-over altogether. */
  readonly totalMs: number
  /** A request this soon after the first is the same one: a terminal's Ctrl+C reaches parent and child. */
  readonly sameMs: number
  /** Longest time that closing files may take before the process ends regardless. */
  readonly stopMs: number
}

export const quitLimits: QuitLimits = { stalledMs: 20_000, totalMs: 600_000, sameMs: 500, stopMs: 5_000 }

export interface Quit {
  /** The first call leaves in good order, the second stops at once, later ones do nothing. */
  request(): void
  /** Stops without leaving: for a session that ends now. */
  now(): void
  /** True from the first request on: windows may close then. */
  readonly isQuitting: boolean
}

type Phase = 'running' | 'leaving' | 'stopping'

const after = (milliseconds: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, milliseconds).unref()
  })

/** Makes the quit of this app. Timers are real: they only bound the waiting. */
export function createQuit(port: QuitPort, limits: QuitLimits = quitLimits): Quit {
  let phase: Phase = 'running'
  let requestedAt = 0
  const abort = new AbortController()

  const stop = async (code: number): Promise<void> => {
    if (phase === 'stopping') return
    phase = 'stopping'
    abort.abort()
    await Promise.race([port.stop().catch(() => undefined), after(limits.stopMs)])
    await port.exit(code)
  }

  const leave = async (): Promise<void> => {
    phase = 'leaving'
    const giveUp = (): void => void stop(0)
    const total = setTimeout(giveUp, limits.totalMs)
    let stalled = setTimeout(giveUp, limits.stalledMs)
    const onProgress = (leaving: LeavingView): void => {
      clearTimeout(stalled)
      if (phase !== 'leaving') return
      stalled = setTimeout(giveUp, limits.stalledMs)
      port.show(leaving)
    }
    try {
      await port.leave(onProgress, abort.signal)
    } catch {
      // A hand-over that failed is no reason to stay: the peer still has to be stopped.
    } finally {
      clearTimeout(total)
      clearTimeout(stalled)
    }
    await stop(0)
  }

  return {
    request: () => {
      const now = performance.now()
      if (phase === 'leaving' && now - requestedAt >= limits.sameMs) void stop(0)
      if (phase !== 'running') return
      requestedAt = now
      void leave()
    },
    now: () => void stop(0),
    get isQuitting() {
      return phase !== 'running'
    },
  }
}
