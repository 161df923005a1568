/**
 * The list of transfers: what runs, what waits its turn, what ended and how. Every piece of work that moves a file for a
 * person goes through here, so that the window can show it, cancel it and try it again.
 */

import { randomUUID } from 'node:crypto'
import { AppError, toPlainError, type PlainError } from '../../../shared/errors.ts'
import type { OnClash } from '../../../shared/contract.ts'
import type { TransferView } from '../../../shared/views.ts'
import { Progress } from './progress.ts'
import { Turns } from './turns.ts'

/** Ended transfers that are kept in the list. */
const endedMax = 500
/** Transfers that move bytes at the same time; the others wait in order. */
const runningMax = 4
const backgroundMax = 2

export interface TransferHandle {
  readonly id: string
  readonly signal: AbortSignal
  size(sizeBytes: number): void
  /** `machine` gave or took `bytes` more. */
  moved(machine: string, bytes: number): void
  /** All bytes so far, where they are not counted by machine. */
  done(doneBytes: number): void
  path(path: string): void
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
}

interface Entry {
  view: TransferView
  readonly progress: Progress
  readonly abort: AbortController
  readonly parts: Map<string, number>
  readonly again: ((onClash: OnClash) => void) | undefined
}

export class Transfers {
  readonly #entries = new Map<string, Entry>()
  readonly #foreground = new Turns(runningMax)
  readonly #background = new Turns(backgroundMax)
  readonly #onChange: (id: string) => void
  readonly #onEnd: (view: TransferView) => void

  constructor(news: { readonly onChange: (id: string) => void; readonly onEnd: (view: TransferView) => void }) {
    this.#onChange = news.onChange
    this.#onEnd = news.onEnd
  }

  /** Runs `work` as a transfer, when it is its turn. `isPartial` tells a result that fell short. Rejects as `work` does. */
  async run<T>(what: TransferWork, work: (handle: TransferHandle) => Promise<T>, isPartial?: (result: T) => boolean): Promise<T> {
    const entry = this.#add(what)
    let endTurn: (() => void) | null = null
    try {
      // copies that the ring makes by itself never keep a person waiting
      endTurn = await (isBackground(what.kind) ? this.#background : this.#foreground).take(entry.abort.signal)
      this.#set(entry, { state: 'running' })
      const result = await work(this.#handle(entry))
      this.#set(entry, { doneBytes: entry.view.sizeBytes })
      this.#end(entry, isPartial?.(result) ? 'partial' : 'done', null)
      return result
    } catch (thrown) {
      const error = entry.abort.signal.aborted ? new AppError('cancelled', `${what.name}: cancelled`, { name: what.name }) : thrown
      const plain = toPlainError(error)
      this.#end(entry, plain.code === 'cancelled' ? 'cancelled' : 'failed', plain)
      throw error
    } finally {
      endTurn?.()
    }
  }

  views(): TransferView[] {
    return [...this.#entries.values()].map((entry) => entry.view)
  }

  view(id: string): TransferView | null {
    return this.#entries.get(id)?.view ?? null
  }

  cancel(id: string): void {
    this.#entries.get(id)?.abort.abort()
  }

  cancelAll(): void {
    for (const entry of this.#entries.values()) entry.abort.abort()
  }

  retry(id: string, onClash: OnClash): void {
    const entry = this.#entries.get(id)
    if (!entry?.again || entry.view.endedAt === null) return
    this.#entries.delete(id)
    this.#onChange(id)
    entry.again(onClash)
  }

  clearEnded(): void {
    for (const [id, entry] of this.#entries) {
      if (entry.view.endedAt === null) continue
      this.#entries.delete(id)
      this.#onChange(id)
    }
  }

  #add(what: TransferWork): Entry {
    const entry: Entry = {
      view: {
        id: randomUUID(),
        kind: what.kind,
        name: what.name,
        state: 'waiting',
        sizeBytes: 0,
        doneBytes: 0,
        bytesPerSecond: 0,
        secondsLeft: null,
        parts: [],
        startedAt: Date.now(),
        endedAt: null,
        error: null,
        path: what.path ?? null,
      },
      progress: new Progress(() => performance.now()),
      abort: new AbortController(),
      parts: new Map(),
      again: what.again,
    }
    what.signal?.addEventListener('abort', () => entry.abort.abort(), { once: true })
    if (what.signal?.aborted) entry.abort.abort()
    this.#entries.set(entry.view.id, entry)
    what.onStart?.(entry.view.id)
    this.#onChange(entry.view.id)
    return entry
  }

  #handle(entry: Entry): TransferHandle {
    const sum = (): number => [...entry.parts.values()].reduce((total, bytes) => total + bytes, 0)
    const update = (doneBytes: number): void => {
      entry.progress.update(doneBytes)
      const parts = [...entry.parts].map(([machineId, bytes]) => ({ machineId, bytes }))
      const secondsLeft = entry.progress.secondsLeft(entry.view.sizeBytes)
      this.#set(entry, {
        doneBytes: Math.min(doneBytes, entry.view.sizeBytes),
        bytesPerSecond: entry.progress.bytesPerSecond,
        secondsLeft,
        parts,
      })
    }
    return {
      id: entry.view.id,
      signal: entry.abort.signal,
      size: (sizeBytes) => this.#set(entry, { sizeBytes }),
      moved: (machine, bytes) => {
        entry.parts.set(machine, (entry.parts.get(machine) ?? 0) + bytes)
        update(sum())
      },
      done: update,
      path: (path) => this.#set(entry, { path }),
    }
  }

  #set(entry: Entry, change: Partial<TransferView>): void {
    entry.view = { ...entry.view, ...change }
    this.#onChange(entry.view.id)
  }

  #end(entry: Entry, state: TransferView['state'], error: PlainError | null): void {
    this.#set(entry, { state, error, endedAt: Date.now(), secondsLeft: null, bytesPerSecond: 0 })
    this.#onEnd(entry.view)
    const ended = [...this.#entries].filter(([, other]) => other.view.endedAt !== null)
    for (const [id] of ended.slice(0, Math.max(0, ended.length - endedMax))) {
      this.#entries.delete(id)
      this.#onChange(id)
    }
  }
}

function isBackground(kind: TransferView['kind']): boolean {
  return kind === 'repair' || kind === 'hand-over'
}
