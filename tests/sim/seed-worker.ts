/** A thread that runs seeds one at a time. What throws outside a run, or never ends, is a flaw of the seed, not of the campaign. */

import { Worker } from 'node:worker_threads'
import { type Selection, unchanged } from './draws.ts'
import type { Outcome } from './run.ts'

/** Room for what lives for a moment only, of which a run makes much: with more of it, collecting takes a fifth less of the whole time. */
const resourceLimits = { maxYoungGenerationSizeMb: 192 }
/** The longest run takes seconds; one that takes minutes goes in circles. */
const stuckMs = 300_000

export interface Question {
  readonly seed: number
  readonly selection: Selection
}

export interface Answer {
  /** Null when the run did not come to one. */
  readonly outcome: Outcome | null
  readonly flaw: string | null
}

export class SeedWorker {
  readonly #path: string
  #worker: Worker | null = null

  /** `path`: of a bundle. */
  constructor(path: string) {
    this.#path = path
  }

  async run(seed: number, selection = unchanged): Promise<Answer> {
    const worker = (this.#worker ??= new Worker(this.#path, { resourceLimits }))
    const answer = await new Promise<Answer>((resolve) => {
      const timer = setTimeout(() => end({ outcome: null, flaw: `no end within ${stuckMs / 1000} s` }), stuckMs)
      const answered = (value: Answer) => end(value)
      const threw = (error: unknown) => end({ outcome: null, flaw: `threw: ${error instanceof Error ? error.message : String(error)}` })
      const end = (value: Answer) => {
        clearTimeout(timer)
        worker.off('message', answered)
        worker.off('error', threw)
        resolve(value)
      }
      worker.on('message', answered)
      worker.on('error', threw)
      worker.postMessage({ seed, selection } satisfies Question)
    })
    // whatever a run without an outcome left behind is not to meet the next one
    if (!answer.outcome) await this.close()
    return answer
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    await worker?.terminate()
  }
}
