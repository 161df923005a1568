/** Group commit: whatever was asked to be written while the last synced batch was under way goes into the next one, in order. */

import type { KeyValueStore, WriteOperation } from './key-value.ts'

/** Called once the batch is durable: every write's `done` first, then every `announce`; or `failed` when it was not written. */
export interface WriteEnd {
  /** What has to be durable before the batch is written. When it rejects, this write fails, and no other. */
  readonly ready?: () => Promise<void>
  readonly done: () => void
  readonly announce: () => void
  readonly failed: () => void
}

const noEnd: WriteEnd = { done: () => undefined, announce: () => undefined, failed: () => undefined }

interface Write {
  readonly operations: readonly WriteOperation[]
  readonly end: WriteEnd
  /** What its `ready` threw. */
  failure: { readonly thrown: unknown } | null
}

interface Batch {
  readonly writes: Write[]
  operations: number
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
  async write(operations: readonly WriteOperation[], end: WriteEnd = noEnd): Promise<void> {
    const batch = this.#open()
    const write: Write = { operations, end, failure: null }
    batch.writes.push(write)
    batch.operations += operations.length
    await batch.written
    if (write.failure) throw write.failure.thrown
  }

  /** Resolves once everything asked for so far is durable, but for what its own `ready` failed; rejects when the last batch was not written. */
  flushed(): Promise<void> {
    return this.#last
  }

  #open(): Batch {
    const open = this.#waiting.at(-1)
    if (open && open.operations < batchOperations) return open
    const before = this.#last
    const writes: Write[] = []
    const written = before.catch(() => undefined).then(() => this.#run(writes))
    this.#last = written
    // whoever wrote hears of it: `flushed` alone must not count as unheard
    written.catch(() => undefined)
    const batch: Batch = { writes, operations: 0, written }
    this.#waiting.push(batch)
    return batch
  }

  async #run(writes: readonly Write[]): Promise<void> {
    this.#waiting.shift()
    if (writes.some(({ end }) => end.ready)) await Promise.all(writes.map(whenReady))
    for (const { end, failure } of writes) if (failure) end.failed()
    const good = writes.filter(({ failure }) => failure === null)
    if (good.length === 0) return
    try {
      await this.#store.batch(good.flatMap(({ operations }) => operations))
    } catch (thrown) {
      for (const { end } of good) end.failed()
      throw thrown
    }
    for (const { end } of good) end.done()
    for (const { end } of good) announce(end)
  }
}

async function whenReady(write: Write): Promise<void> {
  try {
    await write.end.ready?.()
  } catch (thrown) {
    write.failure = { thrown }
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
