/**
 * What should be copied where: a pure function of who holds what and who is there. One machine is responsible for a file,
 * the holder nearest to its key, so that the others need not agree on anything (ring.md 10).
 */

import type { Identifier } from '../protocol/identifier.ts'

export interface FileCopies {
  readonly name: string
  /** Machines that hold the current version, online, nearest to the key first. */
  readonly onlineHolders: readonly Identifier[]
  /** Machines that hold it and are away but did not leave. */
  readonly awayHolders: number
  /** The k machines that should hold it: online, owner first. */
  readonly replicaSet: readonly Identifier[]
}

export interface Repair {
  readonly name: string
  readonly targets: readonly Identifier[]
  /** Copies on machines that are online: fewest first. */
  readonly copies: number
}

export interface RepairRules {
  readonly self: Identifier
  readonly copiesWanted: number
  /** Whether the file has been short of copies for longer than the repair delay. */
  readonly waitedEnough: (name: string) => boolean
}

/** Repairs that `self` should make now, the files with the fewest copies first. */
export function planRepairs(files: Iterable<FileCopies>, rules: RepairRules): Repair[] {
  const repairs: Repair[] = []
  for (const file of files) {
    if (file.onlineHolders[0] !== rules.self) continue
    const targets = file.replicaSet.filter((id) => !file.onlineHolders.includes(id))
    if (targets.length === 0 || !isDue(file, rules)) continue
    repairs.push({ name: file.name, targets, copies: file.onlineHolders.length })
  }
  return repairs.sort((a, b) => a.copies - b.copies)
}

/** At once when one copy is left, or when no absence explains the gap (a new machine, a partial store); else after the delay. */
function isDue(file: FileCopies, rules: RepairRules): boolean {
  const copies = file.onlineHolders.length
  if (copies === 1 || copies >= rules.copiesWanted) return true
  return copies + file.awayHolders < rules.copiesWanted || rules.waitedEnough(file.name)
}
