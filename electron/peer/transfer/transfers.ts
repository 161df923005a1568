/**
 * The list of transfers: what runs, what waits its turn or a machine, what is paused, what ended and how. Every piece of work that
 * moves a file for a person goes through here, so that the window can show it, hold it, cancel it and try it again. A break does not
 * end what nobody stands and waits for: it is tried again when a machine is back.
 */

import { AppError, toPlainError, type PlainError } from '../../../shared/errors.ts'
import type { OnClash } from '../../../shared/contract.ts'
import type { TransferView } from '../../../shared/views.ts'
import { systemTimers } from '../net/system-timers.ts'
import type { Timers } from '../ring/ports.ts'
import { isSameAsk, standing, TransferEntry } from './transfer-entry.ts'
import type { TransferJournal } from './transfer-journal.ts'
import type { TransferHandle, TransferWork } from './transfer-work.ts'
import { Turns } from './turns.ts'
import { isBreak, waitMs } from './waits.ts'

/** Ended transfers that are kept in the list. */
const endedMax = 500
/** Transfers that move bytes at the same time; the others wait in order. */
const runningMax = 4
const backgroundMax = 2

export interface TransfersOptions {
  readonly onChange: (id: string) => void
  readonly onEnd: (view: TransferView) => void
  /** A break made it wait for the first time since it began, or since bytes last moved. */
  readonly onWait?: (view: TransferView) => void
  readonly journal?: Pick<TransferJournal, 'put' | 'remove'>
  /** Default: the system's. */
  readonly timers?: Timers
}

export class Transfers {
  readonly #entries = new Map<string, TransferEntry>()
  readonly #foreground = new Turns(runningMax)
  readonly #background = new Turns(backgroundMax)
  readonly #options: TransfersOptions

  constructor(options: TransfersOptions) {
    this.#options = options
  }

  /** Runs `work` as a transfer, when it is its turn, again after each break that it waits out. `isPartial` tells a result that fell short. */
  async run<T>(what: TransferWork, work: (handle: TransferHandle) => Promise<T>, isPartial?: (result: T) => boolean): Promise<T> {
    const older = this.#sameAs(what)
    const entry = this.#add(what)
    older?.stop('taken-over')
    await older?.ended
    for (;;) {
      await entry.untilReady()
      try {
        const result = await this.#try(entry, work)
        entry.set({ doneBytes: entry.view.sizeBytes })
        this.#end(entry, isPartial?.(result) === true ? 'partial' : 'done', null)
        return result
      } catch (thrown) {
        if (!this.#goesOn(entry, thrown)) throw this.#fail(entry, thrown)
      }
    }
  }

  views(): TransferView[] {
    return [...this.#entries.values()].map((entry) => entry.view)
  }

  view(id: string): TransferView | null {
    return this.#entries.get(id)?.view ?? null
  }

  /** Of one transfer, or of all that a person asked for. */
  cancel(id: string | null): void {
    for (const entry of this.#chosen(id)) entry.give(null)
  }

  /** See `cancel`. Blocks that arrived stay. */
  pause(id: string | null): void {
    for (const entry of this.#chosen(id)) {
      entry.pause()
      this.#write(entry)
    }
  }

  /** See `cancel`. Also ends a wait for a machine. */
  resume(id: string | null): void {
    for (const entry of this.#chosen(id)) {
      entry.resume()
      this.#write(entry)
    }
  }

  /** A machine came, or came back: what waits for one looks again. */
  lookAgain(): void {
    for (const entry of this.#entries.values()) if (entry.view.waitsFor === 'machine') entry.lookAgain()
  }

  /** To be called about once a second: what stands still is shown so. */
  look(): void {
    for (const entry of this.#entries.values()) entry.look()
  }

  /** The peer ends: what runs stops, and stays in the journal. */
  stop(): void {
    for (const entry of this.#entries.values()) entry.stop('stopped')
  }

  /** One that failed, fell short or was cancelled; null: all that failed. */
  retry(id: string | null, onClash: OnClash): void {
    const all = id === null ? [...this.#entries.values()].filter(({ view }) => view.state === 'failed') : [this.#entries.get(id)]
    for (const entry of all) {
      if (!entry?.work.again || !entry.isEnded) continue
      this.#remove(entry.view.id)
      entry.work.again(onClash)
    }
  }

  clearEnded(): void {
    for (const [id, entry] of this.#entries) if (entry.isEnded) this.#remove(id)
  }

  /** What a person may hold or give up: copies that the ring makes by itself only one by one. */
  #chosen(id: string | null): TransferEntry[] {
    const all = id === null ? [...this.#entries.values()].filter(({ view }) => !isBackground(view.kind)) : [this.#entries.get(id)]
    return all.filter((entry) => entry !== undefined && !entry.isEnded) as TransferEntry[]
  }

  /** The same asked before, with nobody standing there: the newer one takes over what it has. */
  #sameAs({ ask }: TransferWork): TransferEntry | undefined {
    if (!ask) return undefined
    const waiting = [...this.#entries.values()].filter((entry) => entry.work.waits === true && !entry.isEnded)
    return waiting.find((entry) => entry.work.ask !== undefined && isSameAsk(entry.work.ask, ask))
  }

  #add(what: TransferWork): TransferEntry {
    const entry = new TransferEntry(what, this.#options.onChange)
    this.#entries.set(entry.view.id, entry)
    what.onStart?.(entry.view.id)
    this.#write(entry)
    this.#options.onChange(entry.view.id)
    return entry
  }

  async #try<T>(entry: TransferEntry, work: (handle: TransferHandle) => Promise<T>): Promise<T> {
    // copies that the ring makes by itself never keep a person waiting
    const endTurn = await (isBackground(entry.view.kind) ? this.#background : this.#foreground).take(entry.signal)
    try {
      entry.set({ state: 'running', waitsFor: null, error: null })
      return await work(entry.handle())
    } finally {
      endTurn()
    }
  }

  /** After a try that failed: whether there is another. */
  #goesOn(entry: TransferEntry, thrown: unknown): boolean {
    if (entry.fate !== null) return false
    if (entry.signal.aborted) return true // paused, perhaps resumed already
    const error = toPlainError(thrown)
    if (!isBreak(error.code)) return false
    // a connection that broke in the middle is no reason to begin with waiting: the try brought it nearer to its end
    if (entry.work.keepsBytes === true && entry.hasMoved) {
      entry.vainTries = 0
      entry.isWaitTold = false
      return true
    }
    if (entry.work.waits !== true) return false
    entry.vainTries++
    entry.rest(waitMs(entry.vainTries), { timers: this.#options.timers ?? systemTimers, error })
    if (!entry.isWaitTold && entry.view.waitsFor === 'machine') this.#options.onWait?.(entry.view)
    entry.isWaitTold = true
    return true
  }

  /** Ends `entry` as what was thrown says. Result: what its caller is told. */
  #fail(entry: TransferEntry, thrown: unknown): unknown {
    if (entry.fate === null) {
      const error = toPlainError(thrown)
      this.#end(entry, error.code === 'cancelled' ? 'cancelled' : 'failed', error)
      return thrown
    }
    const { name } = entry.view
    const error = new AppError('cancelled', `${name}: cancelled`, { name })
    if (entry.fate === 'stopped') entry.markEnded()
    else this.#end(entry, 'cancelled', error.toPlain())
    if (entry.fate === 'taken-over') this.#remove(entry.view.id)
    if (entry.isGivenUp) void entry.work.onGivenUp?.().catch(() => undefined)
    return error
  }

  #end(entry: TransferEntry, state: TransferView['state'], error: PlainError | null): void {
    entry.set({ ...standing, state, error, waitsFor: null, endedAt: Date.now() })
    entry.markEnded()
    this.#options.journal?.remove(entry.view.id)
    this.#options.onEnd(entry.view)
    const ended = [...this.#entries].filter(([, other]) => other.isEnded)
    for (const [id] of ended.slice(0, Math.max(0, ended.length - endedMax))) this.#remove(id)
  }

  #remove(id: string): void {
    this.#entries.delete(id)
    this.#options.onChange(id)
  }

  #write({ work, view, isPaused }: TransferEntry): void {
    if (work.ask) this.#options.journal?.put({ id: view.id, askedAt: view.startedAt, paused: isPaused, ask: work.ask })
  }
}

function isBackground(kind: TransferView['kind']): boolean {
  return kind === 'repair' || kind === 'hand-over'
}
