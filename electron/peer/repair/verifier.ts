/** Checks copies by themselves, on a budget, and those that somebody complained about, though not again and again. */

import type { RepairContext } from './repair-context.ts'
import { VerifyBudget, type Copy } from './verify-budget.ts'
import { verifyContent } from './verify.ts'

const lookEveryMs = 60_000
/** A content that somebody complains about is read again at most so often: a complaint must not keep a disk busy. */
const recheckAtMostEveryMs = 60_000
const recheckedMax = 1_000

export class Verifier {
  readonly #repair: RepairContext
  readonly #budget: VerifyBudget
  /** Content -> when it was last read again for a complaint; the oldest first. */
  readonly #rechecked = new Map<string, number>()
  readonly #rechecking = new Map<string, Promise<unknown>>()
  #lookedAt: number

  constructor(repair: RepairContext) {
    this.#repair = repair
    this.#budget = new VerifyBudget(repair.times.verifyEveryMs)
    this.#lookedAt = repair.now()
  }

  tick(): void {
    const { jobs, now } = this.#repair
    if (now() - this.#lookedAt < lookEveryMs || jobs.isRunning('verify')) return
    this.#lookedAt = now()
    jobs.start('verify', () => this.#verifyDue())
  }

  /** Somebody got bytes of this content that do not match. Unix ms of its last good check, or 0 when it is not here (any more). */
  async recheck(sha256: string): Promise<number> {
    const { context, now } = this.#repair
    const last = this.#rechecked.get(sha256) ?? -Infinity
    if (context.records.heldAt(sha256) !== null && now() - last >= recheckAtMostEveryMs) {
      this.#rechecked.delete(sha256)
      this.#rechecked.set(sha256, now())
      for (const oldest of this.#rechecked.keys()) {
        if (this.#rechecked.size <= recheckedMax) break
        this.#rechecked.delete(oldest)
      }
      const checking = this.#verify(sha256).finally(() => this.#rechecking.delete(sha256))
      this.#rechecking.set(
        sha256,
        checking.catch(() => undefined),
      )
      await checking
    } else await this.#rechecking.get(sha256)
    return context.records.heldAt(sha256) ?? 0
  }

  async #verifyDue(): Promise<void> {
    const { context, jobs } = this.#repair
    const copies: Copy[] = []
    for (const [sha256, verifiedAt] of context.records.heldContents()) {
      copies.push({ sha256, sizeBytes: context.contents.sizeOf(sha256), verifiedAt })
    }
    for (const copy of this.#budget.due(copies, context.wallClock())) {
      if (jobs.stopped) return
      if (context.records.heldAt(copy.sha256) !== null) await this.#verify(copy.sha256)
    }
  }

  #verify(sha256: string): Promise<boolean> {
    const { context, own } = this.#repair
    const [name = sha256] = own.namesWanting(sha256)
    return verifyContent(context, sha256, context.catalogue.get(name)?.record.spelling ?? name)
  }
}
