/**
 * The counts that this machine gave to its versions, by name. A count given twice would let one of two versions vanish as if it had been
 * superseded; the record alone does not prevent it, since the machines that have it may be away. So each count is durable before its
 * version leaves. Key: `n!<name>`, the last count given. Kept when a name is forgotten: a machine that was away may still know it.
 * A database that begins anew, after damage or with another ring, counts from the second in which it began (`b!`), above whatever was
 * given before.
 */

import type { KeyValueStore } from './key-value.ts'
import type { WriteQueue } from './write-queue.ts'

/** Names whose last attempt failed, in memory: beyond them a gap stays in the set of superseded versions, which costs a few bytes. */
const failuresKept = 10_000

export class OwnCounters {
  readonly #store: KeyValueStore
  readonly #queue: WriteQueue
  /** Below the first count of a name that this machine did not write yet. */
  readonly #base: number
  /** Given, but not in the database yet. */
  readonly #pending = new Map<string, number>()
  readonly #failed = new Map<string, readonly number[]>()

  constructor(store: KeyValueStore, queue: WriteQueue, base: number) {
    this.#store = store
    this.#queue = queue
    this.#base = base
  }

  /** The count for the next version of `name`, above `known`, the highest that the record has of this machine. Durable once it resolves. */
  async next(name: string, known: number): Promise<number> {
    const counter = 1 + Math.max(known, this.#last(name))
    this.#pending.set(name, counter)
    const end = (): void => {
      if (this.#pending.get(name) === counter) this.#pending.delete(name)
    }
    await this.#queue.write([{ type: 'put', key: `n!${name}`, value: String(counter) }], {
      done: end,
      announce: () => undefined,
      failed: end,
    })
    return counter
  }

  /** Nobody acknowledged the version with this count; some machine may have it all the same. The next one supersedes it. */
  gaveUp(name: string, counter: number): void {
    this.#failed.set(name, [...this.failures(name), counter])
    const [oldest] = this.#failed.keys()
    if (this.#failed.size > failuresKept && oldest !== undefined) this.#failed.delete(oldest)
  }

  /** Counts of versions that were given up. */
  failures(name: string): readonly number[] {
    return this.#failed.get(name) ?? []
  }

  /** The version with this count was acknowledged, and superseded the failures before it. */
  settled(name: string, counter: number): void {
    const later = this.failures(name).filter((failed) => failed > counter)
    if (later.length > 0) this.#failed.set(name, later)
    else this.#failed.delete(name)
  }

  #last(name: string): number {
    const given = this.#pending.get(name) ?? Number(this.#store.getSync(`n!${name}`) ?? this.#base)
    return Number.isSafeInteger(given) && given > 0 ? given : this.#base
  }
}
