/**
 * What was asked for and what was answered, name by name, and whether what the ring has in the end can follow from it. An operation
 * that failed may have happened, wholly or in part, at any machine. Nothing here knows of machines or of time's length: only of
 * what came before what.
 */

export interface LiveVersion {
  readonly version: string
  readonly sha256: string
}

export interface Operation {
  readonly name: string
  /** `add` stores and declines a clash, `replace` stores in the place of what it finds. */
  readonly kind: 'add' | 'replace' | 'remove' | 'restore'
  /** What is stored; null for remove and restore. */
  readonly sha256: string | null
  /** Order of beginnings and ends, on one clock. */
  readonly begunAt: number
  readonly endedAt: number
  /** `refused`: surely nothing happened. */
  readonly outcome: 'acknowledged' | 'unknown' | 'refused'
}

/** One name over one round, from one moment when all is whole to the next. */
export interface History {
  readonly name: string
  readonly before: readonly LiveVersion[]
  readonly after: readonly LiveVersion[]
  /** Contents that the name ever had. */
  readonly ever: ReadonlySet<string>
  readonly operations: readonly Operation[]
}

const supersedes = (operation: Operation): boolean => operation.kind !== 'add'

/** What cannot be: each a sentence. Empty when `after` can follow from `before` and the operations. */
export function flawsOf({ name, before, after, ever, operations }: History): string[] {
  const happened = operations.filter((operation) => operation.outcome !== 'refused')
  const has = (sha256: string | null): boolean => after.some((version) => version.sha256 === sha256)
  const flaws: string[] = []
  const flaw = (text: string): void => void flaws.push(`${name}: ${text}`)

  for (const version of after) {
    if (before.some((old) => old.version === version.version)) continue
    const stored = happened.some((operation) => operation.sha256 === version.sha256)
    const restored = ever.has(version.sha256) && happened.some((operation) => operation.kind === 'restore')
    if (!stored && !restored) flaw(`version ${version.version} with ${version.sha256} is here, and nobody stored or restored it`)
  }
  for (const version of before) {
    if (after.some((now) => now.version === version.version)) continue
    if (!happened.some(supersedes)) flaw(`version ${version.version} with ${version.sha256} is gone, and nothing took its place`)
  }
  for (const operation of happened) {
    if (operation.outcome !== 'acknowledged' || operation.sha256 === null || has(operation.sha256)) continue
    // a retry is the same version as the first try: what came after that may have superseded it
    const tries = happened.filter((other) => other.sha256 === operation.sha256)
    const first = before.some((version) => version.sha256 === operation.sha256)
      ? -Infinity
      : Math.min(...tries.map((other) => other.begunAt))
    const superseded = happened.some((other) => supersedes(other) && other.sha256 !== operation.sha256 && other.endedAt >= first)
    if (!superseded) flaw(`${operation.sha256} was acknowledged, and is gone without anything in its place`)
  }
  if (happened.length === 1) flaws.push(...flawsAlone(happened[0]!, { name, before, after, ever }))
  return flaws
}

/**
 * With nothing else going on, an acknowledged remove or restore has its effect: it found the one version that there was. Of several,
 * and of what it replaces, a machine cut off from the others may see a part: the rest stays beside the new version.
 */
function flawsAlone(only: Operation, { name, before, after, ever }: Omit<History, 'operations'>): string[] {
  if (only.outcome !== 'acknowledged') return []
  if (only.kind === 'remove' && before.length === 1 && after.length > 0) return [`${name}: was removed, and is back`]
  const restored = after.some((version) => ever.has(version.sha256))
  return only.kind === 'restore' && !restored ? [`${name}: was restored, and is not there`] : []
}
