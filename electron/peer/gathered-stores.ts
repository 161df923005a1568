/** Files that are asked for one by one but at about the same time, as by a watched folder, stored together as a burst. */

import { AppError } from '../../shared/errors.ts'
import type { PathAndName } from './expand-paths.ts'
import type { BurstOptions } from './peer-bursts.ts'
import { limits } from './protocol/limits.ts'
import type { Timers } from './ring/ports.ts'

/** Who is asked for within so long of one another goes together, in ms: no person notices. */
const gatherMs = 20
/** Bursts under way at once: a large file in one does not hold up all others. */
const burstsAtOnce = 4

interface Asked {
  readonly file: PathAndName
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface GatheredStoresOptions {
  readonly timers: Timers
  /** As PeerBursts.store. */
  readonly store: (files: readonly PathAndName[], onDone: BurstOptions['onDone']) => Promise<void>
}

export class GatheredStores {
  readonly #options: GatheredStoresOptions
  #waiting: Asked[] = []
  #running = 0
  #isPlanned = false

  constructor(options: GatheredStoresOptions) {
    this.#options = options
  }

  /** Resolves when the file is stored; rejects with what it failed with. */
  store(file: PathAndName): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ file, resolve, reject })
      this.#plan()
    })
  }

  #plan(): void {
    if (this.#isPlanned || this.#running >= burstsAtOnce || this.#waiting.length === 0) return
    this.#isPlanned = true
    this.#options.timers.after(gatherMs, () => {
      this.#isPlanned = false
      void this.#burst(this.#waiting.splice(0, limits.packFiles))
      this.#plan()
    })
  }

  async #burst(asked: readonly Asked[]): Promise<void> {
    this.#running++
    const byPath = new Map(asked.map((one) => [one.file.path, one]))
    try {
      await this.#options.store(
        asked.map(({ file }) => file),
        (file, outcome) => {
          if (outcome instanceof AppError) byPath.get(file.path)?.reject(outcome)
          else byPath.get(file.path)?.resolve()
        },
      )
      // settled already, unless it was never reached
      for (const { reject } of asked) reject(new AppError('cancelled', 'Not stored: the peer ends'))
    } catch (thrown) {
      for (const { reject } of asked) reject(thrown)
    } finally {
      this.#running--
      this.#plan()
    }
  }
}
