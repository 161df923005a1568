/**
 * Sorted keys in memory, with what a disk may do to them: a batch is seen at once, survives a crash only once it was synced, and may be
 * refused for want of room. Waits for nothing but the hook that it is given, so that a simulator decides when a sync is done.
 */

import { AppError } from '../../shared/errors.ts'
import type { KeyRange, KeyValueStore, WriteOperation } from '../../electron/peer/disk/key-value.ts'

export interface MemoryKeyValueOptions {
  /** For messages. Default: "memory". */
  readonly location?: string
  /** Resolves when a batch has reached the disk; called once a batch, in order. Never rejects: see `failNext`. Default: at once. */
  readonly sync?: () => Promise<void>
}

export class MemoryKeyValue implements KeyValueStore {
  readonly location: string
  readonly #options: MemoryKeyValueOptions
  readonly #live: SortedMap
  /** What survives a crash: everything up to the last batch that was synced. */
  readonly #durable: Map<string, Value>
  /** Seen but not durable, in order. */
  #unsynced: (readonly WriteOperation[])[] = []
  #failure: AppError | null = null
  #state: 'open' | 'closed' | 'crashed' = 'open'

  constructor(options: MemoryKeyValueOptions = {}, content: ReadonlyMap<string, Value> = new Map()) {
    this.location = options.location ?? 'memory'
    this.#options = options
    this.#live = new SortedMap(content)
    this.#durable = new Map(content)
  }

  getSync(key: string): string | undefined {
    this.#assertOpen()
    return text(this.#live.get(key))
  }

  getBytesSync(key: string): Uint8Array | undefined {
    this.#assertOpen()
    return bytes(this.#live.get(key))
  }

  firstKeys(starts: readonly string[]): Promise<(string | undefined)[]> {
    this.#assertOpen()
    return Promise.resolve(starts.map((start) => this.#live.firstKey(start)))
  }

  async batch(operations: readonly WriteOperation[]): Promise<void> {
    this.#assertOpen()
    const failure = this.#failure
    this.#failure = null
    const batch = failure ? [] : [...operations]
    for (const operation of batch) this.#live.apply(operation)
    this.#unsynced.push(batch)
    await this.#options.sync?.()
    // whoever waited for it went with the process
    if (this.#state === 'crashed') return new Promise(() => undefined)
    this.#persistTo(batch)
    if (failure) throw failure
  }

  entries(range: KeyRange): AsyncIterable<[string, string]> {
    this.#assertOpen()
    return each(this.#live.between(range).map((key): [string, string] => [key, text(this.#live.get(key)) ?? '']))
  }

  keys(range: KeyRange): AsyncIterable<string> {
    this.#assertOpen()
    return each(this.#live.between(range))
  }

  close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed'
    return Promise.resolve()
  }

  /** The next batch changes nothing, and is rejected with this once its sync is done. */
  failNext(error = new AppError('disk-full', `No room on the disk of ${this.location}`, { path: this.location })): void {
    this.#failure = error
  }

  /** What was to fail does not. */
  heal(): void {
    this.#failure = null
  }

  /** The value that the next start finds for sure. */
  durable(key: string): string | undefined {
    return text(this.#durable.get(key))
  }

  /** As `durable`, of a value that is bytes. */
  durableBytes(key: string): Uint8Array | undefined {
    return bytes(this.#durable.get(key))
  }

  /** Keys that the next start finds for sure, beginning with `prefix`. */
  durableKeys(prefix: string): string[] {
    return [...this.#durable.keys()].filter((key) => key.startsWith(prefix))
  }

  /** One byte of a durable value at `position` is not what was written. */
  rot(key: string, position: number): void {
    const value = bytes(this.#durable.get(key))?.slice()
    if (!value || position >= value.length) throw new Error(`No byte ${position} of ${key} to rot`)
    value[position] = (value[position] ?? 0) ^ 1
    this.#durable.set(key, value)
    this.#live.apply({ type: 'put', key, value })
  }

  /** Batches seen but not durable yet. */
  get unsynced(): number {
    return this.#unsynced.length
  }

  /**
   * The power goes: this one answers nothing any more, not even a batch that is under way. Result: the database as the next start
   * finds it, with what was synced and the first `luck` batches of the rest, which had reached the disk without anybody knowing.
   */
  crash(luck = 0): MemoryKeyValue {
    const lucky = this.#unsynced[luck - 1]
    if (lucky) this.#persistTo(lucky)
    this.#state = 'crashed'
    return new MemoryKeyValue(this.#options, this.#durable)
  }

  /** A database is a log: a batch that is synced takes those before it along. */
  #persistTo(last: readonly WriteOperation[]): void {
    const count = this.#unsynced.indexOf(last) + 1
    for (const operation of this.#unsynced.slice(0, count).flat()) {
      if (operation.type === 'put') this.#durable.set(operation.key, operation.value)
      else this.#durable.delete(operation.key)
    }
    this.#unsynced = this.#unsynced.slice(count)
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw new AppError('file-unreadable', `${this.location} is ${this.#state}`, { path: this.location })
  }
}

type Value = string | Uint8Array

function text(value: Value | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : Buffer.from(value).toString('utf8')
}

function bytes(value: Value | undefined): Uint8Array | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield item
}

/** A map whose keys are kept in LevelDB's order. */
class SortedMap {
  readonly #values: Map<string, Value>
  readonly #keys: string[]

  constructor(content: ReadonlyMap<string, Value>) {
    this.#values = new Map(content)
    this.#keys = [...content.keys()].sort(byBytes)
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)
  }

  /** The first key at or after `start`. */
  firstKey(start: string): string | undefined {
    return this.#values.has(start) ? start : this.#keys[this.#firstAfter(start)]
  }

  apply(operation: WriteOperation): void {
    const { key } = operation
    const known = this.#values.has(key)
    if (operation.type === 'put') {
      this.#values.set(key, operation.value)
      if (!known) this.#keys.splice(this.#firstAfter(key), 0, key)
    } else if (known) {
      this.#values.delete(key)
      this.#keys.splice(this.#firstAfter(key) - 1, 1)
    }
  }

  /** A copy: what is written later does not change it. */
  between({ gt, lt, reverse, limit }: KeyRange): string[] {
    const start = this.#firstAfter(gt)
    const end = Math.max(start, this.#firstAfter(lt) - (this.#values.has(lt) ? 1 : 0))
    const count = Math.min(end - start, limit ?? Infinity)
    return reverse ? this.#keys.slice(end - count, end).reverse() : this.#keys.slice(start, start + count)
  }

  /** The place of the first key beyond `key`. */
  #firstAfter(key: string): number {
    let [low, high] = [0, this.#keys.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (byBytes(this.#keys[middle] ?? '', key) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The order of UTF-8, which is the order of code points and not that of JavaScript's strings. */
function byBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** Halves of characters beyond 0xffff come after all that one unit can say. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
