/** A piece of work that moves a file, as the list of transfers takes it, and what the list gives the work. */

import type { OnClash } from '../../../shared/contract.ts'
import type { PaceView, TransferView } from '../../../shared/views.ts'
import type { Ask } from './transfer-journal.ts'

export interface TransferHandle {
  readonly id: string
  /** Aborted with an `Interrupted` when the work may go on later. */
  readonly signal: AbortSignal
  size(sizeBytes: number): void
  /** So many bytes lay here already, from an earlier try. */
  kept(bytes: number): void
  /** `machine` gave or took `bytes` more. */
  moved(machine: string, bytes: number): void
  /** All bytes so far, where they are not counted by machine. */
  done(doneBytes: number): void
  path(path: string): void
  /** What sets the pace now; null when it is not clear. */
  pace(pace: PaceView | null): void
}

export interface TransferWork {
  readonly kind: TransferView['kind']
  readonly name: string
  readonly path?: string
  /** Cancels from outside, as the person's own cancel does. */
  readonly signal?: AbortSignal
  /** Starts the same work again; absent: it cannot be tried again. */
  readonly again?: (onClash: OnClash) => void
  /** Told the transfer's id before anything else happens. */
  readonly onStart?: (id: string) => void
  /** A person gave it up: what earlier tries left on the disk goes, too. */
  readonly onGivenUp?: () => Promise<void>
  /** Written down until it ends, so that a crash does not lose it; absent: it ends with this process. */
  readonly ask?: Ask
  /** Bytes that moved need not move again in the next try. */
  readonly keepsBytes?: boolean
  /** Nobody stands and waits for its end: a break makes it wait for a machine. Absent: a break is told at once. */
  readonly waits?: boolean
  /** Of a transfer that an earlier run of the peer did not end. */
  readonly id?: string
  readonly askedAt?: number
  readonly paused?: boolean
}
