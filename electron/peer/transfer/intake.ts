/**
 * Whether this machine takes copies. From the beginning of its hand-over on, one that leaves the ring takes none: what came after would
 * leave with it, however soon the answer said that it is stored.
 */

import { AppError } from '../../../shared/errors.ts'

export class Intake {
  readonly #underWay = new Set<Promise<unknown>>()
  #isOpen = true

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Copies that are being made to count just now. */
  get underWay(): number {
    return this.#underWay.size
  }

  /** Runs `keep`, after which a copy here counts, unless this machine leaves; whether it ran. Rejects as `keep` does. */
  async keep(keep: () => Promise<unknown>): Promise<boolean> {
    if (!this.#isOpen) return false
    const kept = keep()
    this.#underWay.add(kept)
    try {
      await kept
    } finally {
      this.#underWay.delete(kept)
    }
    return true
  }

  /** No copy counts from now on. Resolves when those that were under way do. */
  async close(): Promise<void> {
    this.#isOpen = false
    await Promise.allSettled(this.#underWay)
  }

  /** This machine stays, after all. */
  open(): void {
    this.#isOpen = true
  }
}

/** Why a machine that leaves keeps nothing. */
export function leaving(machineName: string): AppError {
  return new AppError('not-a-member', `${machineName} is leaving the ring and keeps no new copies`)
}
