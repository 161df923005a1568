/**
 * Identifiers: places on a circle of 2^bits. Inside the program an identifier is lower-case hexadecimal text of fixed width,
 * so that comparing strings compares numbers; as people see it, and on the wire, a small ring's is decimal (0..255).
 */

import { assert } from '../../../shared/assert.ts'

declare const identifierBrand: unique symbol
/** Fixed-width lower-case hexadecimal; comparable with `<` within one space. */
export type Identifier = string & { readonly [identifierBrand]: true }

/** Spaces of at most so many bits are shown in decimal. */
const decimalBitsMax = 16
export const identifierBitsMin = 8
export const identifierBitsMax = 160

/** Hash of UTF-8 text as hexadecimal, at least 160 bits: SHA-256, handed in since this layer has no crypto. */
export type HashText = (text: string) => string

export class IdentifierSpace {
  readonly bits: number
  readonly size: bigint
  readonly #digits: number
  readonly #decimal: boolean

  constructor(bits: number) {
    assert(Number.isInteger(bits) && bits >= identifierBitsMin && bits <= identifierBitsMax, `identifier bits ${bits} are in 8..160`)
    this.bits = bits
    this.size = 1n << BigInt(bits)
    this.#digits = Math.ceil(bits / 4)
    this.#decimal = bits <= decimalBitsMax
  }

  /** `value` modulo 2^bits. */
  fromBigInt(value: bigint): Identifier {
    return BigInt.asUintN(this.bits, value).toString(16).padStart(this.#digits, '0') as Identifier
  }

  toBigInt(identifier: Identifier): bigint {
    return BigInt(`0x${identifier}`)
  }

  /** Text as people and the wire have it, or null when it is not an identifier of this space. */
  parse(text: string): Identifier | null {
    if (this.#decimal) {
      if (!/^(0|[1-9][0-9]{0,4})$/.test(text)) return null
      const value = Number(text)
      return value < this.size ? (value.toString(16).padStart(this.#digits, '0') as Identifier) : null
    }
    if (text.length !== this.#digits || !/^[0-9a-f]+$/.test(text)) return null
    // whole digits: whatever has so many of them is in the space
    return this.bits % 4 === 0 || BigInt(`0x${text}`) < this.size ? (text as Identifier) : null
  }

  format(identifier: Identifier): string {
    return this.#decimal ? Number.parseInt(identifier, 16).toString() : identifier
  }

  /** Clockwise distance from `from` to `to`, 0 when equal. */
  distance(from: Identifier, to: Identifier): bigint {
    return BigInt.asUintN(this.bits, this.toBigInt(to) - this.toBigInt(from))
  }

  /** Place on the circle, 0 <= position < 1. */
  position(identifier: Identifier): number {
    const shift = BigInt(Math.max(0, this.bits - 48))
    return Number(this.toBigInt(identifier) >> shift) / 2 ** Math.min(this.bits, 48)
  }

  /** The first `bits` bits of a hexadecimal hash. */
  fromHash(hashHex: string): Identifier {
    assert(hashHex.length * 4 >= this.bits, 'a hash has as many bits as the ring')
    if (this.bits % 4 === 0) return hashHex.slice(0, this.#digits) as Identifier
    return this.fromBigInt(BigInt(`0x${hashHex}`) >> BigInt(hashHex.length * 4 - this.bits))
  }
}

/** How names are placed: by their hash, or (classroom) a four-digit name by its number modulo 2^bits. */
export type KeyRule = 'hash' | 'number'

/** Key of a file name (any Unicode form; NFC is hashed). The `number` rule hashes modulo 2^bits: the last bits. */
export function keyOfName(space: IdentifierSpace, { rule, hash }: { rule: KeyRule; hash: HashText }, name: string): Identifier {
  const normal = name.normalize('NFC')
  if (rule === 'hash') return space.fromHash(hash(normal))
  if (/^[0-9]{4}$/.test(normal)) return space.fromBigInt(BigInt(Number(normal)))
  return space.fromBigInt(BigInt(`0x${hash(normal)}`))
}
