/**
 * Keeps two things apart that must not happen to one content at the same time: somebody counts on its being here (a store found it, or
 * brings it), and somebody removes it. Who counts on it waits for a removal that has begun; a removal gives way to who counts on it.
 */

export class ContentUse {
  readonly #users = new Map<string, number>()
  readonly #removals = new Map<string, Promise<unknown>>()

  /** Runs `work`; until it ends, none of these contents is removed. Result, or error: that of `work`. */
  async during<T>(contents: readonly string[], work: () => Promise<T>): Promise<T> {
    await Promise.all(contents.map((sha256) => this.#enter(sha256)))
    try {
      return await work()
    } finally {
      for (const sha256 of contents) this.#leave(sha256)
    }
  }

  async #enter(sha256: string): Promise<void> {
    for (let removal = this.#removals.get(sha256); removal; removal = this.#removals.get(sha256)) await removal
    this.#users.set(sha256, (this.#users.get(sha256) ?? 0) + 1)
  }

  #leave(sha256: string): void {
    const left = (this.#users.get(sha256) ?? 1) - 1
    if (left === 0) this.#users.delete(sha256)
    else this.#users.set(sha256, left)
  }

  isUsed(sha256: string): boolean {
    return this.#users.has(sha256)
  }

  /** Runs `remove` unless somebody counts on the content; whether it ran. Rejects as `remove` does. */
  async remove(sha256: string, remove: () => Promise<void>): Promise<boolean> {
    if (this.#users.has(sha256) || this.#removals.has(sha256)) return false
    const removal = remove().finally(() => this.#removals.delete(sha256))
    this.#removals.set(
      sha256,
      removal.catch(() => undefined),
    )
    await removal
    return true
  }
}
