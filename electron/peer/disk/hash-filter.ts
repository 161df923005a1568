/**
 * Whether a SHA-256 was ever added: "no" is certain, "yes" may be wrong once in some hundred times (Bloom, 1970). Two bytes for each that it is made
 * for, outside of the heap.
 */

/** With five of them in sixteen bits for each, one in some four hundred is taken for known. */
const probes = 5
const bitsEach = 16
const probeDigits = 8

export class HashFilter {
  /** So many may be added before "yes" is too often wrong. */
  readonly capacity: number
  readonly #bits: Uint32Array
  #count = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.#bits = new Uint32Array(Math.ceil((capacity * bitsEach) / 32))
  }

  get isFull(): boolean {
    return this.#count >= this.capacity
  }

  /** `sha256`: in hexadecimal. */
  add(sha256: string): void {
    this.#count++
    for (let probe = 0; probe < probes; probe++) {
      const bit = this.#bitOf(sha256, probe)
      this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31))
    }
  }

  mayHave(sha256: string): boolean {
    for (let probe = 0; probe < probes; probe++) {
      const bit = this.#bitOf(sha256, probe)
      if (((this.#bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false
    }
    return true
  }

  /** The digits of the hash are as good as other hashes of it. */
  #bitOf(sha256: string, probe: number): number {
    return Number.parseInt(sha256.slice(probe * probeDigits, (probe + 1) * probeDigits), 16) % (this.#bits.length * 32)
  }
}
