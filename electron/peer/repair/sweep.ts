/**
 * Frees what no name here wants any more: at once when a record changes, and in a sweep now and then, which also mends what a crash left
 * between bytes and records, empties the trash, and forgets names that were removed long ago.
 */

import { isRemoved } from '../protocol/record.ts'
import type { RepairContext } from './repair-context.ts'
import { verifyContent } from './verify.ts'

/** Contents that a crash left without their mark, checked in one sweep. */
const unmarkedPerSweep = 100

export class Sweep {
  readonly #repair: RepairContext
  readonly #mayForget: () => boolean
  /** Contents kept although no name here wants them. */
  readonly #isKept: (sha256: string) => boolean
  readonly #freed = new Set<string>()
  /** Name -> Unix ms since when this machine has seen it removed. */
  readonly #othersTrash = new Map<string, number>()
  #sweptAt = -Infinity

  constructor(repair: RepairContext, options: { readonly mayForget: () => boolean; readonly isKept: (sha256: string) => boolean }) {
    this.#repair = repair
    this.#mayForget = options.mayForget
    this.#isKept = options.isKept
  }

  /** No name wants these any more. */
  unwanted(contents: readonly string[]): void {
    for (const sha256 of contents) this.#freed.add(sha256)
  }

  tick(): void {
    const { jobs, now, times } = this.#repair
    if (this.#freed.size > 0) jobs.start('free', () => this.#freeUnwanted())
    if (now() - this.#sweptAt < times.sweepEveryMs) return
    this.#sweptAt = now()
    jobs.start('sweep', () => this.#sweep())
  }

  async #freeUnwanted(): Promise<void> {
    const contents = [...this.#freed]
    this.#freed.clear()
    for (const sha256 of contents) await this.#free(sha256)
  }

  async #sweep(): Promise<void> {
    const { context, own, times } = this.#repair
    await this.#emptyTrash()
    await context.contents.dropUnfinished(context.wallClock() - times.keepUnfinishedMs)
    for (const sha256 of context.records.heldContents().keys()) await this.#free(sha256)
    for (const sha256 of context.contents.hashes()) if (context.records.heldAt(sha256) === null) await this.#free(sha256)
    // written in full, and the power went before it was marked: or marked, and gone
    for (const sha256 of context.records.heldContents().keys()) {
      if (!context.contents.knows(sha256) && !context.use.isUsed(sha256)) await context.records.setHeld(sha256, null)
    }
    let left = unmarkedPerSweep
    for (const sha256 of context.contents.hashes()) {
      if (context.records.heldAt(sha256) !== null || !own.isWanted(sha256)) continue
      if (left-- === 0) break
      const [name = ''] = own.namesWanting(sha256)
      if (!context.use.isUsed(sha256)) await verifyContent(context, sha256, name)
    }
  }

  /** A content goes when no name wants it, nobody counts on it just now, and it is here. */
  async #free(sha256: string): Promise<void> {
    const { context, own, jobs } = this.#repair
    const isWanted = (): boolean => own.isWanted(sha256) || this.#isKept(sha256)
    if (isWanted() || jobs.stopped) return
    await context.use.remove(sha256, async () => {
      if (isWanted()) return
      if (context.records.heldAt(sha256) !== null) await context.records.setHeld(sha256, null)
      await context.contents.remove(sha256)
    })
  }

  async #emptyTrash(): Promise<void> {
    const { context, own, times, jobs } = this.#repair
    for (const name of own.removedNames()) {
      if (jobs.stopped) return
      this.unwanted(own.refresh(name))
      if (!this.#mayForget() || own.removedForMs(name) < times.keepTrashMs + times.forgetMarginMs) continue
      // what the others still say of it counts for nothing: each of them forgets it, too
      if (await context.records.forget(name)) context.catalogue.forgetName(name)
    }
    this.#forgetOthersTrash()
  }

  /** Removed names that only others keep: they do not tell when they forget one. */
  #forgetOthersTrash(): void {
    const { context, own, times } = this.#repair
    const now = context.wallClock()
    for (const { record } of context.catalogue.files()) {
      if (own.has(record.name) || !isRemoved(record)) this.#othersTrash.delete(record.name)
      else if (!this.#othersTrash.has(record.name)) this.#othersTrash.set(record.name, now)
    }
    for (const [name, since] of this.#othersTrash) {
      if (now - since < times.keepTrashMs + times.forgetMarginMs) continue
      this.#othersTrash.delete(name)
      context.catalogue.forgetName(name)
    }
  }
}
