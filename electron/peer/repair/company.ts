/**
 * How long this machine was away from all others, and whether the ring went on without it (ring.md 10). Nobody forgets a removal before
 * it is `keepTrashMs` old, so whoever was away for less brings nothing back; whoever was away for longer might. Pure: told of the time by
 * this machine's own clock, and of others' times as durations only.
 */

/** What is kept on disk. Unix ms by this machine's own clock. */
export interface Company {
  /** Last in company of another member. */
  readonly lastAt: number
  /** Since when without an absence that counts. */
  readonly since: number
}

export type Absence =
  /** In company lately, or never before. */
  | 'none'
  /** Away for so long that what this machine has may be what the ring removed. */
  | 'long'

/** What an encounter with other members at `now` means. */
export function absenceAt(company: Company | null, now: number, quarantineMs: number): Absence {
  return company !== null && now - company.lastAt > quarantineMs ? 'long' : 'none'
}

/** The state after an encounter that was no long absence, or after one that is settled. */
export function inCompany(company: Company | null, now: number, settled: 'none' | 'settled' = 'none'): Company {
  return { lastAt: now, since: company === null || settled === 'settled' ? now : Math.min(company.since, now) }
}

/** How long the company has lasted without an absence that counts, in ms; 0 when there was none or it is too long ago. */
export function togetherMs(company: Company | null, now: number, quarantineMs: number): number {
  return company === null || now - company.lastAt > quarantineMs ? 0 : Math.max(0, now - company.since)
}

/**
 * Whether a ring went on without a machine that was away for long: some of those it meets have been together for as long as an absence
 * counts. A whole ring that was switched off for a season comes back as it was.
 */
export function wentOn(togetherMs: Iterable<number>, quarantineMs: number): boolean {
  for (const ms of togetherMs) if (ms >= quarantineMs) return true
  return false
}
