/**
 * Files in the order of a column, kept change by change: of a hundred thousand, those that changed are looked for by halves. Whatever goes
 * through all of them is a generator, which rests, so that a person at the keys need not wait for it.
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

/** Files that are looked at, or copied, between two rests. */
export const filesAStep = 500

/** All of them in this order. Rests now and then: a hundred thousand take longer than a person should wait for the next key. */
export function* sorted(sorting: Sorting, files: readonly ListedFile[]): Generator<void, FileOrder> {
  const compare = comparing(sorting)
  let runs: ListedFile[][] = []
  for (let at = 0; at < files.length; at += filesAStep) {
    runs.push(files.slice(at, at + filesAStep).sort(compare))
    yield
  }
  while (runs.length > 1) {
    const merged: ListedFile[][] = []
    for (let at = 0; at < runs.length; at += 2) merged.push(yield* merge(compare, runs[at] ?? [], runs[at + 1] ?? []))
    runs = merged
  }
  return new FileOrder(sorting, runs[0] ?? [])
}

function* merge(compare: Compare, left: ListedFile[], right: ListedFile[]): Generator<void, ListedFile[]> {
  if (right.length === 0) return left
  const all: ListedFile[] = []
  let next = 0
  for (const file of left) {
    for (let other = right[next]; other && compare(other, file) < 0; other = right[++next]) all.push(other)
    all.push(file)
    if (all.length % filesAStep === 0) yield
  }
  while (next < right.length) {
    all.push(...right.slice(next, (next += filesAStep)))
    yield
  }
  return all
}

/** A file that goes from a place, or comes before it. */
interface Move {
  readonly at: number
  readonly file: ListedFile | null
}

export class FileOrder {
  readonly sorting: Sorting
  readonly files: readonly ListedFile[]
  readonly #compare: Compare

  /** `files` have this order. */
  constructor(sorting: Sorting, files: readonly ListedFile[]) {
    this.sorting = sorting
    this.files = files
    this.#compare = comparing(sorting)
  }

  /** `gone` are in the order, `come` are not: a file that changed is in both, as it was and as it is. Rests as `sorted` does. */
  *changed(gone: readonly ListedFile[], come: readonly ListedFile[]): Generator<void, FileOrder> {
    // of a search, most news are none
    if (gone.length + come.length === 0) return this
    const before = this.files
    const places = gone.map((file): Move => ({ at: this.#placeIn(before, file), file: null }))
    yield
    const moves = places.concat(come.toSorted(this.#compare).map((file) => ({ at: this.#placeIn(before, file), file })))
    // stable: what comes before the same place keeps its order
    moves.sort((a, b) => a.at - b.at || Number(a.file === null) - Number(b.file === null))
    const after: ListedFile[] = []
    let next = 0
    for (const { at, file } of [...moves, { at: before.length, file: null }]) {
      while (next < at) {
        const end = Math.min(at, next + filesAStep)
        after.push(...before.slice(next, end))
        next = end
        yield
      }
      if (file) after.push(file)
      else next++
    }
    return new FileOrder(this.sorting, after)
  }

  /** -1: nowhere. */
  indexOf(file: ListedFile): number {
    const at = this.#placeIn(this.files, file)
    return this.files[at] === file ? at : -1
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
