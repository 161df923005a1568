/**
 * What may fail without loss, from who holds what: pure arithmetic. The footer's sentence, the Ring view's what-if,
 * `ringdrop status` and `ringdrop whatif` all come from `judgeSafety`, so that they cannot disagree.
 */

import type { FileState } from '../../../shared/views.ts'

export interface HeldFile {
  readonly name: string
  /**
   * The machines with a durable copy, for each live content of the name: one in the normal case, more while versions
   * conflict, and each of them counts. Machines that are not in the ring do not.
   */
  readonly contents: readonly (readonly string[])[]
  /** How many files lie so; the name is that of one of them. Default: 1. */
  readonly files?: number
}

export interface Safety {
  /**
   * The largest n such that any n of the machines may fail and no file is lost that is within reach now: one less than the
   * fewest copies of any content, and one less than the machines, since somebody has to be left. Never below 0.
   */
  readonly mayFail: number
  /** Files that have a content without a copy. */
  readonly outOfReach: number
  /** Files with a content that has one copy. */
  readonly oneCopyLeft: number
}

/** How safe `files` are on `machines`: those that are left when some of them fail. */
export function judgeSafety(files: Iterable<HeldFile>, machines: ReadonlySet<string>): Safety {
  let fewest = machines.size
  let outOfReach = 0
  let oneCopyLeft = 0
  for (const file of files) {
    const copies = fewestCopies(file, machines)
    const count = file.files ?? 1
    if (copies === 0) outOfReach += count
    else fewest = Math.min(fewest, copies)
    if (copies === 1) oneCopyLeft += count
  }
  return { mayFail: Math.max(0, fewest - 1), outOfReach, oneCopyLeft }
}

/** Copies on `machines` of the content of `file` that has the fewest. */
export function fewestCopies(file: HeldFile, machines: ReadonlySet<string>): number {
  let fewest = Infinity
  for (const holders of file.contents) fewest = Math.min(fewest, new Set(holders.filter((holder) => machines.has(holder))).size)
  return fewest
}

export interface RingToday {
  readonly copiesWanted: number
  readonly machinesOnline: number
  /** Not all machines have said yet what they hold. */
  readonly checking: boolean
}

/** Green only when nothing more could be done now: all copies that are wanted, or one on each machine there is. */
export function stateOfCopies(copies: number, ring: RingToday): FileState {
  if (copies === 0) return ring.checking ? 'checking' : 'out-of-reach'
  if (copies < Math.min(ring.copiesWanted, ring.machinesOnline)) return 'copying'
  return copies === 1 && ring.copiesWanted > 1 ? 'at-risk' : 'safe'
}
