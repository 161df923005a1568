/**
 * The only place of the desktop app that makes the peer. The window opens while it starts: commands wait for it. Should
 * the main process ever be too busy with it, this file is what changes when the peer moves to a process of its own.
 */

import type { CommandName, News, Outcome } from '../../shared/contract.ts'
import { toPlainError } from '../../shared/errors.ts'
import type { LeavingView } from '../../shared/views.ts'
import { createCommandHost, type CommandHost, type CommandHostOptions } from '../peer/command-host.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import type { PeerOptions } from '../peer/peer-options.ts'

/** How a peer is started: the real one, or a test's. */
export type StartPeer = (options: PeerOptions) => Promise<PeerApi>

export interface PeerHost {
  /** Rejects with an AppError when the peer cannot start. */
  readonly started: Promise<PeerApi>
  /** Runs a command once the peer is there. Never rejects. */
  run(name: unknown, argument: unknown): Promise<Outcome<CommandName>>
  leave(onProgress: (leaving: LeavingView) => void, signal: AbortSignal): Promise<void>
  stop(): Promise<void>
}

export interface PeerHostOptions extends CommandHostOptions {
  readonly start: StartPeer
  readonly peer: PeerOptions
  /** Called with everything that windows should hear. */
  readonly onNews: (news: News) => void
}

/** Starts the peer. */
export function createPeerHost(options: PeerHostOptions): PeerHost {
  const started = options.start(options.peer)
  const host: Promise<CommandHost> = started.then((peer) => {
    const made = createCommandHost(peer, options)
    made.onNews(options.onNews)
    return made
  })
  // The one who waits for `started` shows the failure; here it only answers commands.
  host.catch(() => undefined)

  return {
    started,
    run: async (name, argument) => {
      try {
        return await (await host).run(name, argument)
      } catch (thrown) {
        return { ok: false, error: toPlainError(thrown) }
      }
    },
    leave: async (onProgress, signal) => (await started).leave({ forget: false, onProgress, signal }),
    stop: async () => (await started).stop(),
  }
}
