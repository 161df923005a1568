/**
 * Sets of dots. A dot is one version of a name by one writer: the writer's id and its own count for that name. What was superseded is
 * nearly always a run from 1 on, so a set is kept as closed intervals a writer, and stays small however often a file changes.
 */

import { limits } from './limits.ts'

/** From and to, both included. */
export type Interval = readonly [number, number]

/** Writer id → intervals: ascending, with a gap between any two. Writers in ascending order, so that equal sets are equal text. */
export type Dots = Readonly<Record<string, readonly Interval[]>>

export interface Dot {
  readonly writerId: string
  /** The writer's own number for this name, from 1. */
  readonly counter: number
}

const noDots: Dots = {}

export function hasDot(dots: Dots, { writerId, counter }: Dot): boolean {
  return (dots[writerId] ?? []).some(([from, to]) => from <= counter && counter <= to)
}

/** The highest count of this writer in the set, 0 when there is none. */
export function highestCounter(dots: Dots, writerId: string): number {
  return dots[writerId]?.at(-1)?.[1] ?? 0
}

export function dotsOf(dots: Iterable<Dot>): Dots {
  return unite([...dots].map(({ writerId, counter }): Dots => ({ [writerId]: [[counter, counter]] })))
}

/** All dots of these sets. Most merges learn nothing, so what is in already costs a look only. */
export function unite(sets: readonly Dots[]): Dots {
  const [first = noDots, ...others] = sets
  return others.reduce((known, set) => (isWithin(set, known) ? known : uniteTwo(known, set)), first)
}

function isWithin(set: Dots, all: Dots): boolean {
  for (const writerId in set) {
    const known = all[writerId]
    if (!known) return false
    for (const [from, to] of set[writerId] ?? []) if (!known.some(([start, end]) => start <= from && to <= end)) return false
  }
  return true
}

export function sameDots(a: Dots, b: Dots): boolean {
  return a === b || (isWithin(a, b) && isWithin(b, a))
}

function uniteTwo(a: Dots, b: Dots): Dots {
  const found = new Map<string, Interval[]>()
  for (const set of [a, b]) {
    for (const [writerId, intervals] of Object.entries(set)) found.set(writerId, [...(found.get(writerId) ?? []), ...intervals])
  }
  const united: Record<string, readonly Interval[]> = {}
  for (const writerId of [...found.keys()].sort()) united[writerId] = joined(found.get(writerId) ?? [])
  return united
}

/** The same numbers in as few intervals as can be. */
function joined(intervals: Interval[]): Interval[] {
  const result: Interval[] = []
  for (const [from, to] of intervals.sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last && from <= last[1] + 1) result[result.length - 1] = [last[0], Math.max(last[1], to)]
    else result.push([from, to])
  }
  return result
}

export function isWriterId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{1,40}$/.test(value)
}

export function isCounter(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
}

/** A set out of JSON from elsewhere, or null: bounded, ordered, without an interval that could be joined to the one before. */
export function readDots(value: unknown): Dots | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const writers = Object.entries(value as Record<string, unknown>)
  if (writers.length > limits.writers) return null
  const read: [string, Interval[]][] = []
  let count = 0
  for (const [writerId, given] of writers) {
    if (!isWriterId(writerId) || !Array.isArray(given) || given.length === 0) return null
    count += given.length
    if (count > limits.intervals) return null
    const intervals: Interval[] = []
    for (const interval of given as unknown[]) {
      const next = readInterval(interval)
      if (!next || next[0] <= (intervals.at(-1)?.[1] ?? -1) + 1) return null
      intervals.push(next)
    }
    read.push([writerId, intervals])
  }
  return Object.fromEntries(read.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function readInterval(value: unknown): Interval | null {
  if (!Array.isArray(value) || value.length !== 2) return null
  const [from, to] = value as unknown[]
  return isCounter(from) && isCounter(to) && from <= to ? [from, to] : null
}
