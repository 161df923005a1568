/**
 * Names in the form that sorting compares, made once each: with tens of thousands of files the making, not the comparing, is what costs. A
 * collator would sort by the letter of each language's law, and hold the window up for seconds.
 */

/** Names of files long gone are let go when this is passed. */
const keptMax = 250_000
const keys = new Map<string, string>()

/** Marks on letters and case do not matter, and numbers sort as numbers. */
export function sortKey(name: string): string {
  const known = keys.get(name)
  if (known !== undefined) return known
  if (keys.size >= keptMax) keys.clear()
  const key = name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/\d+/g, (digits) => digits.padStart(12, '0'))
  keys.set(name, key)
  return key
}

export function compareNames(a: string, b: string): number {
  const first = sortKey(a)
  const second = sortKey(b)
  if (first !== second) return first < second ? -1 : 1
  return a === b ? 0 : a < b ? -1 : 1
}
