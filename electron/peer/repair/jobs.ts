/** Work of repair that goes on beside its passes: one of each kind at a time, none forgotten when the machine stops. */

import { AppError } from '../../../shared/errors.ts'

export class Jobs {
  readonly #running = new Map<string, Promise<void>>()
  readonly #onDefect: (error: unknown) => void
  #stopped = false

  /** @param onDefect something threw that is no fault of another machine */
  constructor(onDefect: (error: unknown) => void) {
    this.#onDefect = onDefect
  }

  get stopped(): boolean {
    return this.#stopped
  }

  get busy(): boolean {
    return this.#running.size > 0
  }

  isRunning(kind: string): boolean {
    return this.#running.has(kind)
  }

  /** Starts `work` unless work of this kind is under way. What other machines do wrong ends it quietly: it is tried again. */
  start(kind: string, work: () => Promise<void>): void {
    if (this.#stopped || this.#running.has(kind)) return
    const ended = work()
      .catch((error: unknown) => {
        if (!(error instanceof AppError) || error.code === 'internal') this.#onDefect(error)
      })
      .finally(() => this.#running.delete(kind))
    this.#running.set(kind, ended)
  }

  /** Resolves when work of this kind, if any, has ended. */
  async ended(kind: string): Promise<void> {
    await this.#running.get(kind)
  }

  /** Nothing is started any more. Resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running.values())
  }
}
