/** Group commit: whatever was asked to be written while the last synced batch was under way goes into the next one, in order. */

import type { KeyValueStore, WriteOperation } from './key-value.ts'

/** Called once the batch is durable: every write's `done` first, then every `announce`; or `failed` when it was not written. */
export interface WriteEnd {
  /** What has to be durable before the batch is written. When it rejects, the batch is not. */
  readonly ready?: () => Promise<void>
  readonly done: () => void
  readonly announce: () => void
  readonly failed: () => void
}

interface Batch {
  readonly operations: WriteOperation[]
  readonly ends: WriteEnd[]
  readonly written: Promise<void>
}

/** Operations of one batch. More would hold back those who came first. */
const batchOperations = 10_000

export class WriteQueue {
  readonly #store: KeyValueStore
  readonly #waiting: Batch[] = []
  #last: Promise<void> = Promise.resolve()

  constructor(store: KeyValueStore) {
    this.#store = store
  }

  /** Durable once it resolves. Rejects with an AppError, disk-full among them. */
  write(operations: readonly WriteOperation[], end: WriteEnd): Promise<void> {
    const batch = this.#open()
    batch.operations.push(...operations)
    batch.ends.push(end)
    return batch.written
  }

  /** Resolves once everything asked for so far is durable; rejects when the last of it was not written. */
  flushed(): Promise<void> {
    return this.#last
  }

  #open(): Batch {
    const open = this.#waiting.at(-1)
    if (open && open.operations.length < batchOperations) return open
    const before = this.#last
    const operations: WriteOperation[] = []
    const ends: WriteEnd[] = []
    const written = before.catch(() => undefined).then(() => this.#run(operations, ends))
    this.#last = written
    // whoever wrote hears of it: `flushed` alone must not count as unheard
    written.catch(() => undefined)
    const batch: Batch = { operations, ends, written }
    this.#waiting.push(batch)
    return batch
  }

  async #run(operations: WriteOperation[], ends: WriteEnd[]): Promise<void> {
    this.#waiting.shift()
    try {
      await allReady(ends)
      await this.#store.batch(operations)
    } catch (thrown) {
      for (const end of ends) end.failed()
      throw thrown
    }
    for (const end of ends) end.done()
    for (const end of ends) announce(end)
  }
}

/** Resolves once everything is durable that has to be before a batch with these ends. */
export async function allReady(ends: readonly WriteEnd[]): Promise<void> {
  await Promise.all(ends.map(({ ready }) => ready?.() ?? Promise.resolve()))
}

/** The write is durable whatever a listener does: its error surfaces on its own. */
function announce(end: WriteEnd): void {
  try {
    end.announce()
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown
    })
  }
}
