/** Which counters of a session were seen: a sliding bitmap (RFC 6479), so that reordering is fine and a replay is not. */

const words = 32
/** One word less than the bitmap has, since the newest word is cleared as a whole. */
const windowSize = (words - 1) * 32

export class ReplayWindow {
  readonly #bits = new Uint32Array(words)
  #highest: number

  /** Everything up to and including `floor` counts as seen. */
  constructor(floor: number) {
    this.#highest = floor
    this.#bits.fill(0xffffffff)
    // bits of the floor's own word above the floor are still to come
    const used = (floor % 32) + 1
    this.#bits[this.#index(floor)] = used === 32 ? 0xffffffff : 2 ** used - 1
  }

  /** Whether `counter` is new; it is not any more afterwards. */
  accept(counter: number): boolean {
    if (counter > this.#highest) this.#advance(counter)
    else if (this.#highest - counter >= windowSize) return false
    const index = this.#index(counter)
    const mask = (1 << (counter % 32)) >>> 0
    const word = this.#bits[index] ?? 0
    if ((word & mask) !== 0) return false
    this.#bits[index] = word | mask
    return true
  }

  #index(counter: number): number {
    return Math.floor(counter / 32) % words
  }

  #advance(counter: number): void {
    const from = Math.floor(this.#highest / 32)
    const steps = Math.min(Math.floor(counter / 32) - from, words)
    for (let step = 1; step <= steps; step++) this.#bits[(from + step) % words] = 0
    this.#highest = counter
  }
}
