/**
 * What the record store and the small contents need of a database of sorted keys, and nothing more: LevelDB for real (`level.ts`), a fake
 * in tests that loses what was not synced. Keys are ordered by their bytes in UTF-8. Values are text, or the bytes of a content.
 */

export type WriteOperation =
  { readonly type: 'put'; readonly key: string; readonly value: string | Uint8Array } | { readonly type: 'del'; readonly key: string }

/** Keys strictly between `gt` and `lt`. */
export interface KeyRange {
  readonly gt: string
  readonly lt: string
  /** From the last to the first. Default: first to last. */
  readonly reverse?: boolean
  /** At most so many. Default: all. */
  readonly limit?: number
}

export interface KeyValueStore {
  /** Where it is, for messages: a folder. */
  readonly location: string
  /** The value now, of batches under way too or not: only what resolved is sure to be seen. */
  getSync(key: string): string | undefined
  /** As `getSync`, of a value that is bytes. The result is the caller's. */
  getBytesSync(key: string): Uint8Array | undefined
  /** The first key at or after each of `starts`, in the order given, or undefined at the end; as the keys are at this call. */
  firstKeys(starts: readonly string[]): Promise<(string | undefined)[]>
  /** All or nothing, in the order given; survives a power cut once it resolves. Rejects with AppError: disk-full among them. */
  batch(operations: readonly WriteOperation[]): Promise<void>
  /** Keys and values as they are at this call, whatever is written while they are read. */
  entries(range: KeyRange): AsyncIterable<[string, string]>
  /** As `entries`, without the values. */
  keys(range: KeyRange): AsyncIterable<string>
  close(): Promise<void>
}
