/** Seeded chance: sfc32 (C. Doty-Humphrey, PractRand), small and good enough for jitter, sampling and simulation. */

import type { Random } from './ports.ts'

export class Prng implements Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = (seed / 2 ** 32) | 0
    this.#c = 0x9e3779b9 | 0
    for (let i = 0; i < 12; i++) this.next()
  }

  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return (sum >>> 0) / 2 ** 32
  }
}

/** A whole number, 0 <= n < `below`. */
export function pickNumber(random: Random, below: number): number {
  return Math.floor(random.next() * below)
}

/** One of `items`, or undefined when there is none. */
export function pick<T>(random: Random, items: readonly T[]): T | undefined {
  return items[pickNumber(random, items.length)]
}
