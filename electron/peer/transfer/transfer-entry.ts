/** One transfer of the list: what is shown of it, and what a person may do with it between and during its tries. */

import { randomUUID } from 'node:crypto'
import { AppError, type PlainError } from '../../../shared/errors.ts'
import type { TransferView } from '../../../shared/views.ts'
import type { Timers } from '../ring/ports.ts'
import { Interrupted } from './interrupted.ts'
import { Progress } from './progress.ts'
import type { Ask } from './transfer-journal.ts'
import type { TransferHandle, TransferWork } from './transfer-work.ts'

/** Why a transfer is not to be tried again: given up by a person; taken over by a newer one of the same; the peer ends. */
export type Fate = 'cancelled' | 'taken-over' | 'stopped'

const now = (): number => performance.now()
/** What is shown of one that does not run. */
export const standing = { bytesPerSecond: 0, secondsLeft: null, pace: null } as const

export class TransferEntry {
  readonly work: TransferWork
  view: TransferView
  fate: Fate | null = null
  /** By a person: nothing of it stays on the disk. */
  isGivenUp = false
  /** Tries in a row that a break ended before a byte moved. */
  vainTries = 0
  /** A person was told that it waits; bytes that move make the next time news again. */
  isWaitTold = false
  /** Resolves when it has left the list of what runs or waits. */
  readonly ended: Promise<void>
  markEnded: () => void = () => undefined
  readonly #onChange: (id: string) => void
  readonly #parts = new Map<string, number>()
  #progress = new Progress(now)
  /** Ends the present try. */
  #stopTry = new AbortController()
  /** Bytes of this try, and those that lay here at its beginning. */
  #movedBytes = 0
  #keptBytes = 0
  #isResting = false
  #wake: () => void = () => undefined
  #cancelTimer: () => void = () => undefined

  constructor(work: TransferWork, onChange: (id: string) => void) {
    this.work = work
    this.#onChange = onChange
    this.ended = new Promise((resolve) => (this.markEnded = resolve))
    this.view = {
      id: work.id ?? randomUUID(),
      kind: work.kind,
      name: work.name,
      state: work.paused === true ? 'paused' : 'waiting',
      waitsFor: work.paused === true ? null : 'turn',
      sizeBytes: 0,
      doneBytes: 0,
      bytesPerSecond: 0,
      secondsLeft: null,
      pace: null,
      parts: [],
      startedAt: work.askedAt ?? Date.now(),
      endedAt: null,
      error: null,
      path: work.path ?? null,
    }
    const onAbort = (): void => this.give(work.signal?.reason instanceof Interrupted ? work.signal.reason : null)
    work.signal?.addEventListener('abort', onAbort, { once: true })
    if (work.signal?.aborted) onAbort()
  }

  get signal(): AbortSignal {
    return this.#stopTry.signal
  }

  get isEnded(): boolean {
    return this.view.endedAt !== null
  }

  get isPaused(): boolean {
    return this.view.state === 'paused'
  }

  /** Whether the last try moved bytes. */
  get hasMoved(): boolean {
    return this.#movedBytes > 0
  }

  set(change: Partial<TransferView>): void {
    this.view = { ...this.view, ...change }
    this.#onChange(this.view.id)
  }

  /** Given up: by a person (then nothing stays), or by one who only went away. */
  give(reason: Interrupted | null): void {
    this.stop('cancelled', reason ?? new AppError('cancelled', `${this.view.name}: cancelled`, { name: this.view.name }))
  }

  /** No more tries. */
  stop(fate: Fate, reason: AppError = new Interrupted(`${this.view.name}: stopped`)): void {
    if (this.isEnded) return
    this.fate ??= fate
    // a try that was paused stopped for another reason: the last one counts for what stays on the disk
    this.isGivenUp ||= !(reason instanceof Interrupted)
    this.#stopTry.abort(reason)
    this.#wake()
  }

  pause(): void {
    if (this.isEnded || this.isPaused || this.fate !== null) return
    this.set({ ...standing, state: 'paused', waitsFor: null, error: null })
    this.#stopTry.abort(new Interrupted(`${this.view.name}: paused`))
  }

  /** Goes on at once, paused or waiting for a machine. */
  resume(): void {
    if (this.isPaused) this.set({ state: 'waiting', waitsFor: 'turn' })
    this.#isResting = false
    this.#cancelTimer()
    this.#wake()
  }

  /** Ends a wait for a machine; what is paused stays so. */
  lookAgain(): void {
    this.vainTries = 0
    if (!this.isPaused) this.resume()
  }

  /** From now on until `delayMs` are over, or news end it: see `untilReady`. */
  rest(delayMs: number, options: { readonly timers: Timers; readonly error: PlainError }): void {
    this.#isResting = true
    this.#cancelTimer()
    this.#cancelTimer = options.timers.after(delayMs, () => this.isPaused || this.resume())
    if (!this.isPaused) this.set({ ...standing, state: 'waiting', waitsFor: 'machine', error: options.error })
  }

  /** Until a try may begin, or none will. */
  async untilReady(): Promise<void> {
    while (this.fate === null && (this.isPaused || this.#isResting)) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    this.#cancelTimer()
    if (this.fate === null) this.#stopTry = new AbortController()
    this.#movedBytes = this.#keptBytes = 0
    this.#progress = new Progress(now)
  }

  handle(): TransferHandle {
    return {
      id: this.view.id,
      signal: this.signal,
      size: (sizeBytes) => this.set({ sizeBytes }),
      kept: (bytes) => {
        this.#keptBytes = bytes
        this.#progress = new Progress(now, bytes)
        this.set({ doneBytes: Math.min(bytes, this.view.sizeBytes) })
      },
      moved: (machine, bytes) => {
        this.#parts.set(machine, (this.#parts.get(machine) ?? 0) + bytes)
        this.#movedBytes += bytes
        this.#show(this.#keptBytes + this.#movedBytes)
      },
      done: (doneBytes) => {
        this.#movedBytes = doneBytes
        this.#show(doneBytes)
      },
      path: (path) => this.set({ path }),
      pace: (pace) => {
        const { what, machineId } = this.view.pace ?? { what: null, machineId: null }
        if ((pace?.what ?? null) !== what || (pace?.machineId ?? null) !== machineId) this.set({ pace })
      },
    }
  }

  /** Time passed: a standstill is to be seen, too. */
  look(): void {
    if (this.view.state !== 'running' || this.view.bytesPerSecond === 0 || !this.#progress.isStill) return
    this.set({ bytesPerSecond: 0, secondsLeft: null })
  }

  #show(doneBytes: number): void {
    this.#progress.update(doneBytes)
    const parts = [...this.#parts].map(([machineId, bytes]) => ({ machineId, bytes }))
    const { sizeBytes } = this.view
    this.set({
      doneBytes: Math.min(doneBytes, sizeBytes),
      bytesPerSecond: this.#progress.bytesPerSecond,
      secondsLeft: this.#progress.secondsLeft(sizeBytes),
      parts,
    })
  }
}

/** Whether both ask for the same thing at the same place. */
export function isSameAsk(a: Ask, b: Ask): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
