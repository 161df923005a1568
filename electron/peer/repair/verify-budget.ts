/**
 * Which copy is checked next, and when: every copy at least once in a period, the one whose last check is oldest first, spread evenly so
 * that a disk is never busy with it for long. Pure arithmetic.
 */

export interface Copy {
  readonly sha256: string
  readonly sizeBytes: number
  /** Unix ms of the last check. */
  readonly verifiedAt: number
}

export class VerifyBudget {
  readonly #everyMs: number
  #creditBytes = 0
  #lookedAt: number | null = null

  /** @param everyMs every copy is checked at least so often */
  constructor(everyMs: number) {
    this.#everyMs = everyMs
  }

  /**
   * The copies to check now, `now` in Unix ms. Bytes a day = bytes held / days of the period; one that is overdue is checked whatever
   * its size.
   */
  due(copies: Iterable<Copy>, now: number): Copy[] {
    const byAge = [...copies].sort((a, b) => a.verifiedAt - b.verifiedAt)
    const heldBytes = byAge.reduce((sum, copy) => sum + cost(copy), 0)
    // clocks jump, and machines sleep: a day's worth at most is made up for
    const passedMs = Math.min(this.#everyMs / 30, Math.max(0, now - (this.#lookedAt ?? now)))
    this.#lookedAt = now
    this.#creditBytes = Math.min(heldBytes, this.#creditBytes + (heldBytes * passedMs) / this.#everyMs)
    const due: Copy[] = []
    for (const copy of byAge) {
      const isOverdue = due.length === 0 && now - copy.verifiedAt >= this.#everyMs
      if (!isOverdue && this.#creditBytes < cost(copy)) break
      this.#creditBytes = Math.max(0, this.#creditBytes - cost(copy))
      due.push(copy)
    }
    return due
  }
}

/** Opening a file costs something, too: small ones must not all fall due at once. */
function cost(copy: Copy): number {
  return copy.sizeBytes + 65_536
}
