/**
 * Files in the order of their names, kept from one look to the next: of a hundred thousand, those that came since are sorted and merged in,
 * for which a person at the keys need not wait.
 */

import type { FileView } from '../../../shared/views.ts'
import { compareNames, sortKey } from './name-keys.ts'

interface Place {
  readonly name: string
  readonly key: string
  /** Where the file is in the list. */
  readonly at: number
}

export class NameOrder {
  #places: readonly Place[] = []

  /** `files` in the order of a list to which names are added at the end: quick as long as none has gone. The result is a new array. */
  of<T extends FileView>(files: readonly T[]): T[] {
    const isLonger = this.#places.length <= files.length && this.#places.every(({ name, at }) => files[at]?.name === name)
    const known = isLonger ? this.#places : []
    const fresh = files.slice(known.length).map(({ name }, index) => ({ name, key: sortKey(name), at: known.length + index }))
    this.#places = merge(known, fresh.sort(comparePlaces))
    return this.#places.map(({ at }) => files[at] as T)
  }
}

function comparePlaces(a: Place, b: Place): number {
  // keys beside the names: a look-up at each of a million comparisons would be most of the work
  return a.key === b.key ? compareNames(a.name, b.name) : a.key < b.key ? -1 : 1
}

/** Both in order. */
function merge(many: readonly Place[], few: readonly Place[]): readonly Place[] {
  if (few.length === 0) return many
  const merged: Place[] = []
  let next = 0
  for (const place of many) {
    for (let before = few[next]; before && comparePlaces(before, place) < 0; before = few[++next]) merged.push(before)
    merged.push(place)
  }
  return merged.concat(few.slice(next))
}
