/** Arcs of the circle. Identifiers are fixed-width text, so that `<` compares their numbers. */

import type { Identifier } from '../protocol/identifier.ts'

/** `x` lies strictly between `from` and `to`, clockwise. From a place round to itself is the whole circle but that place. */
export function between(from: Identifier, x: Identifier, to: Identifier): boolean {
  return from < to ? from < x && x < to : from < x || x < to
}

/** `x` lies in (from, to], clockwise: the keys of `to` when `from` is its predecessor. From a place to itself is the whole circle. */
export function inArc(from: Identifier, x: Identifier, to: Identifier): boolean {
  return x === to || between(from, x, to)
}

/** Index of the first of the sorted `ids` at or after `key`; their number when there is none. */
export function firstAtOrAfter(ids: readonly Identifier[], key: Identifier): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] as Identifier) < key) low = middle + 1
    else high = middle
  }
  return low
}

/** Item `index` of a list that is a circle: any whole index will do. Undefined for an empty list. */
export function around<T>(list: readonly T[], index: number): T | undefined {
  return list[((index % list.length) + list.length) % list.length]
}

/** Orders places by how far clockwise they lie from `from`, itself first: for `sort`. */
export function clockwiseFrom(from: Identifier): (a: Identifier, b: Identifier) => number {
  return (a, b) => {
    const wraps = Number(a < from) - Number(b < from)
    return wraps !== 0 ? wraps : a < b ? -1 : a > b ? 1 : 0
  }
}
