/**
 * Hash of a run, over numbers and texts: FNV-1a of 32 bits, fast, and folded now and then into one of 64. Alone, 32 bits would let
 * runs that differ pass for equal.
 */

export class RunHash {
  #narrow = 0x811c9dc5
  #wide = 0xcbf29ce484222325n

  /** Takes in a number, modulo 2^32. */
  number(value: number): void {
    this.#narrow = Math.imul(this.#narrow ^ value, 0x01000193)
  }

  text(text: string): void {
    let hash = this.#narrow
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    this.#narrow = hash
  }

  /** To be called every few dozen values. */
  fold(): void {
    this.#wide = BigInt.asUintN(64, (this.#wide ^ BigInt(this.#narrow >>> 0)) * 0x100000001b3n)
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return (this.#wide ^ BigInt(this.#narrow >>> 0)).toString(16).padStart(16, '0')
  }
}
