/**
 * Files in the order of a column, kept change by change: of a hundred thousand, those that changed are looked for by halves, which a person at
 * the keys need not wait for.
 */

import type { FileState } from '../../../shared/views.ts'
import type { ListedFile } from './listed-file.ts'

export type SortColumn = 'name' | 'size' | 'changed' | 'copies' | 'state'

export interface Sorting {
  readonly column: SortColumn
  readonly down: boolean
}

type Compare = (a: ListedFile, b: ListedFile) => number

const worstFirst: Record<FileState, number> = { 'out-of-reach': 0, 'at-risk': 1, checking: 2, copying: 3, safe: 4 }

const columns: Record<SortColumn, Compare> = {
  name: (a, b) => compareTexts(a.sortKey, b.sortKey),
  size: (a, b) => a.sizeBytes - b.sizeBytes,
  changed: (a, b) => a.storedAt - b.storedAt,
  copies: (a, b) => a.holders.length - b.holders.length,
  state: (a, b) => worstFirst[a.state] - worstFirst[b.state],
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/** Never 0 for two names. */
function comparing({ column, down }: Sorting): Compare {
  const compare = columns[column]
  const ascending: Compare = (a, b) => compare(a, b) || compareTexts(a.name, b.name)
  return down ? (a, b) => ascending(b, a) : ascending
}

/** A file that goes from a place, or comes before it. */
interface Move {
  readonly at: number
  readonly file: ListedFile | null
}

export class FileOrder {
  readonly #compare: Compare
  #files: readonly ListedFile[]

  constructor(sorting: Sorting, files: Iterable<ListedFile>) {
    this.#compare = comparing(sorting)
    this.#files = [...files].sort(this.#compare)
  }

  /** Another array after each change. */
  get files(): readonly ListedFile[] {
    return this.#files
  }

  /** `gone` are in the order, `come` are not: a file that changed is in both, as it was and as it is. */
  change(gone: readonly ListedFile[], come: readonly ListedFile[]): void {
    const before = this.#files
    const places = gone.map((file): Move => ({ at: this.#placeIn(before, file), file: null }))
    const moves = places.concat(come.toSorted(this.#compare).map((file) => ({ at: this.#placeIn(before, file), file })))
    // stable: what comes before the same place keeps its order
    moves.sort((a, b) => a.at - b.at || Number(a.file === null) - Number(b.file === null))
    const after: ListedFile[] = []
    let next = 0
    const keepUntil = (end: number): void => {
      for (const file of before.slice(next, end)) after.push(file)
      next = end
    }
    for (const { at, file } of moves) {
      keepUntil(at)
      if (file) after.push(file)
      else next++
    }
    keepUntil(before.length)
    this.#files = after
  }

  /** Where `file` is in `some`, which are some of the files in this order; -1: nowhere. */
  indexIn(some: readonly ListedFile[], file: ListedFile): number {
    const at = this.#placeIn(some, file)
    return some[at] === file ? at : -1
  }

  /** The first place that is not before `file`. */
  #placeIn(some: readonly ListedFile[], file: ListedFile): number {
    let [low, high] = [0, some.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = some[middle]
      if (other && this.#compare(other, file) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
