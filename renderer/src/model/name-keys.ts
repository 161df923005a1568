/**
 * Names in the forms that searching and sorting compare, made once each: with tens of thousands of files the making, not the
 * comparing, is what costs. A collator would sort by the letter of each language's law, and hold the window up for seconds.
 */

import { foldName } from './file-name.ts'

/** Names of files long gone are let go when this is passed. */
const keptMax = 250_000

function kept(make: (name: string) => string): (name: string) => string {
  const made = new Map<string, string>()
  return (name) => {
    const known = made.get(name)
    if (known !== undefined) return known
    if (made.size >= keptMax) made.clear()
    const key = make(name)
    made.set(name, key)
    return key
  }
}

/** For searching: case and Unicode form do not matter. */
export const foldedName = kept(foldName)

/** For sorting: neither do marks on letters, and numbers sort as numbers. */
export const sortKey = kept((name) =>
  name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/\d+/g, (digits) => digits.padStart(12, '0')),
)

export function compareNames(a: string, b: string): number {
  const first = sortKey(a)
  const second = sortKey(b)
  if (first !== second) return first < second ? -1 : 1
  return a === b ? 0 : a < b ? -1 : 1
}
