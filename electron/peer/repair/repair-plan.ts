/**
 * What should be copied where: a pure function of who holds what and who is there. One machine is responsible for a content of a name,
 * the holder nearest to the key, so that the others need not agree on anything (ring.md 10).
 */

import type { Identifier } from '../protocol/identifier.ts'
import type { WantedContent } from '../protocol/record.ts'

/** One content as one name wants it. */
export interface ContentCopies {
  /** For content and name. */
  readonly id: string
  readonly name: string
  readonly content: WantedContent
  /** Machines that hold it, online, nearest to the key first; those beyond the replica set count. */
  readonly onlineHolders: readonly Identifier[]
  /** Machines that hold it and are away but did not leave. */
  readonly awayHolders: number
  /** The k machines that should hold it: online, owner first. */
  readonly replicaSet: readonly Identifier[]
  /** The next few after those, who keep it while one of them has no room. */
  readonly beyond: readonly Identifier[]
}

export interface Repair {
  readonly of: ContentCopies
  /** Machines of the replica set that lack it and may have room. */
  readonly targets: readonly Identifier[]
  /** Copies missing altogether: where the targets have no room, machines beyond make up for it. */
  readonly missing: number
  /** Copies on machines that are online: fewest first. */
  readonly copies: number
}

export interface RepairRules {
  readonly self: Identifier
  readonly copiesWanted: number
  /** Whether the content has been short of copies for longer than the repair delay. */
  readonly waitedEnough: (id: string) => boolean
  /** Whether a machine that had no room may be asked again. */
  readonly mayAsk: (machine: Identifier, sizeBytes: number) => boolean
}

const kinds = ['live', 'earlier', 'trash']

/** Repairs that `self` should make now: those with the fewest copies first, what people see before what they may want back. */
export function planRepairs(contents: Iterable<ContentCopies>, rules: RepairRules): Repair[] {
  const repairs: Repair[] = []
  for (const copies of contents) {
    const repair = copies.onlineHolders[0] === rules.self ? repairOf(copies, rules) : null
    if (repair) repairs.push(repair)
  }
  return repairs.sort((a, b) => a.copies - b.copies || kinds.indexOf(a.of.content.kind) - kinds.indexOf(b.of.content.kind))
}

function repairOf(of: ContentCopies, rules: RepairRules): Repair | null {
  const lacking = of.replicaSet.filter((id) => !of.onlineHolders.includes(id))
  if (lacking.length === 0 || !isDue(of, rules)) return null
  const mayAsk = (id: Identifier): boolean => rules.mayAsk(id, of.content.sizeBytes)
  const targets = lacking.filter(mayAsk)
  const copies = of.onlineHolders.length
  const missing = Math.max(0, Math.min(rules.copiesWanted, of.replicaSet.length) - copies)
  const canDivert = missing > 0 && of.beyond.some((id) => !of.onlineHolders.includes(id) && mayAsk(id))
  return targets.length > 0 || canDivert ? { of, targets, missing, copies } : null
}

/** There are copies enough, `self` would bring one home, and who should have it had no room and may not be asked yet. */
export function waitsForRoom({ onlineHolders, replicaSet, content }: ContentCopies, rules: RepairRules): boolean {
  if (onlineHolders[0] !== rules.self || onlineHolders.length < rules.copiesWanted) return false
  const lacking = replicaSet.filter((id) => !onlineHolders.includes(id))
  return lacking.length > 0 && lacking.every((id) => !rules.mayAsk(id, content.sizeBytes))
}

/** At once when one copy is left, or when no absence explains the gap (a new machine, a partial store); else after the delay. */
function isDue(of: ContentCopies, rules: RepairRules): boolean {
  const copies = of.onlineHolders.length
  if (copies === 1 || copies >= rules.copiesWanted) return true
  return copies + of.awayHolders < rules.copiesWanted || rules.waitedEnough(of.id)
}
