/** Figures of one run: values noted round by round, compared pair by pair, shown as a table, held against their bounds. */

import { loadavg } from 'node:os'

export function say(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** The first columns to the left, numbers to the right, each column as wide as its widest cell. */
export function sayTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  for (const row of rows)
    say(row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '))
}

/** The value below which `share` of them lie; of an even number of them the median is the mean of the middle two. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * share
  return ((sorted[Math.floor(at)] ?? NaN) + (sorted[share === 0.5 ? Math.ceil(at) : Math.floor(at)] ?? NaN)) / 2
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** What was measured in each round, by name, in the order of the first round. */
export class Rounds {
  readonly #values = new Map<string, number[]>()

  note(what: string, value: number): void {
    this.#values.set(what, [...this.of(what), value])
  }

  get names(): string[] {
    return [...this.#values.keys()]
  }

  of(what: string): readonly number[] {
    return this.#values.get(what) ?? []
  }

  median(what: string): number {
    return median(this.of(what))
  }

  /** Median of `what` as a multiple of `other` in the same round: what a busy machine slows, it slows on both sides. */
  ratio(what: string, other: string): number {
    const others = this.of(other)
    return median(this.of(what).map((value, round) => value / (others[round] ?? NaN)))
  }
}

/** A number to be judged by, and its bound. */
export interface Bound {
  readonly what: string
  readonly value: number
  readonly most?: number
  readonly least?: number
}

/** Says whether each bound is met; one that is missed makes the command fail. How busy the machine was stands beside them. */
export function sayBounds(bounds: readonly Bound[]): void {
  const rows = bounds.map(({ what, value, most, least }) => {
    const isMet = value <= (most ?? Infinity) && value >= (least ?? -Infinity)
    if (!isMet) process.exitCode = 1
    return [what, value.toPrecision(3), most === undefined ? `at least ${least}` : `at most ${most}`, isMet ? 'met' : 'MISSED']
  })
  say(`bounds (load of this machine in the last minute: ${loadavg()[0]?.toFixed(1)})`)
  sayTable(rows)
}
