/** What may fail without loss, from who holds what. Pure arithmetic for the window and the command line. */

export interface HeldFile {
  readonly name: string
  /** Machines with a durable copy; ones not in the ring do not count. */
  readonly holders: readonly string[]
}

export interface WhatIf {
  /** Names of the files without a holder left. */
  readonly outOfReach: readonly string[]
  /** Files with exactly one holder left. */
  readonly oneCopyLeft: number
}

/**
 * The largest n such that any n of `machines` may fail with no file lost: one less than the fewest holders of any file, and
 * one less than the machines (somebody has to be left). -1 when a file has no holder already.
 */
export function mayFail(files: readonly HeldFile[], machines: readonly string[]): number {
  const present = new Set(machines)
  let fewest = machines.length
  for (const file of files) fewest = Math.min(fewest, holdersAmong(file, present))
  return fewest - 1
}

/** What is left of `files` while the machines of `failing` are away. */
export function whatIf(files: readonly HeldFile[], machines: readonly string[], failing: readonly string[]): WhatIf {
  const left = new Set(machines)
  for (const machine of failing) left.delete(machine)
  const outOfReach: string[] = []
  let oneCopyLeft = 0
  for (const file of files) {
    const copies = holdersAmong(file, left)
    if (copies === 0) outOfReach.push(file.name)
    if (copies === 1) oneCopyLeft++
  }
  return { outOfReach, oneCopyLeft }
}

function holdersAmong(file: HeldFile, machines: ReadonlySet<string>): number {
  return new Set(file.holders.filter((holder) => machines.has(holder))).size
}
