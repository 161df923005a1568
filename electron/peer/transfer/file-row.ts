/**
 * A file of the catalogue as bytes: about 110 and 12 more a holder where the object takes 2 000. Hexadecimal text is packed, and what many files
 * share (machines, writers) is a number in a list of words.
 */

import type { Holdings } from '../protocol/holdings.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Dots, Interval } from '../protocol/dots.ts'
import { isRemoved, type FileRecord, type Version } from '../protocol/record.ts'

export interface CatalogueFile {
  readonly record: FileRecord
  /** Machines that have the record -> what they hold of it. */
  readonly machines: ReadonlyMap<Identifier, Holdings>
}

/** Words that have a number; more are written out. */
const wordsMax = 10_000

/** Texts that many files share: machines, writers and their names. */
export class Words {
  readonly #texts: string[] = []
  readonly #numbers = new Map<string, number>()

  /** -1: it has none, as there are too many already. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    if (this.#texts.length >= wordsMax) return -1
    this.#numbers.set(text, this.#texts.length)
    return this.#texts.push(text) - 1
  }

  textOf(number: number): string {
    return this.#texts[number] ?? ''
  }
}

/** How many bytes follow a number's first one: a number of 8 bytes has a fraction, a sign or more than 48 bits. */
const doubleBytes = 8
const shortNumberMax = 0xff - doubleBytes - 1
const integerBytesMax = 6

/** Texts begin with their length and which of the three they are. */
const kinds = { utf16: 0, hex: 1, latin1: 2 } as const

class Writer {
  #bytes = Buffer.allocUnsafeSlow(1024)
  #end = 0

  /** The bytes so far, good until the next `begin`. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#end)
  }

  begin(): void {
    this.#end = 0
  }

  byte(value: number): void {
    this.#room(1)
    this.#bytes[this.#end++] = value
  }

  number(value: number): void {
    this.#room(1 + doubleBytes)
    if (Number.isInteger(value) && value >= 0 && value <= shortNumberMax && !Object.is(value, -0)) {
      this.#bytes[this.#end++] = value + doubleBytes + 1
      return
    }
    const isInteger = Number.isInteger(value) && value > 0 && value < 2 ** (8 * integerBytesMax)
    const length = isInteger ? Math.ceil((Math.floor(Math.log2(value)) + 1) / 8) : doubleBytes
    this.#bytes[this.#end++] = length
    if (isInteger) this.#bytes.writeUIntLE(value, this.#end, length)
    else this.#bytes.writeDoubleLE(value, this.#end)
    this.#end += length
  }

  text(value: string): void {
    const isHex = value.length % 2 === 0 && /^[0-9a-f]+$/.test(value)
    const kind = isHex ? kinds.hex : /^[\x00-\xff]*$/.test(value) ? kinds.latin1 : kinds.utf16
    this.number(value.length * 3 + kind)
    this.#room(2 * value.length)
    this.#end += this.#bytes.write(value, this.#end, kind === kinds.hex ? 'hex' : kind === kinds.latin1 ? 'latin1' : 'utf16le')
  }

  #room(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow((this.#end + bytes) * 2)
    this.#bytes.copy(larger, 0, 0, this.#end)
    this.#bytes = larger
  }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? 0
  }

  number(): number {
    const first = this.byte()
    if (first > doubleBytes) return first - doubleBytes - 1
    const at = this.#at
    this.#at += first
    return first === doubleBytes ? this.#bytes.readDoubleLE(at) : this.#bytes.readUIntLE(at, first)
  }

  text(): string {
    const head = this.number()
    const kind = head % 3
    const length = (head - kind) / 3
    const at = this.#at
    this.#at += kind === kinds.hex ? length / 2 : kind === kinds.latin1 ? length : length * 2
    return this.#bytes.toString(kind === kinds.hex ? 'hex' : kind === kinds.latin1 ? 'latin1' : 'utf16le', at, this.#at)
  }
}

const flags = { deleted: 1, ownOriginalName: 2 } as const
/** In the first byte of a row. */
const rowFlags = { ownSpelling: 1, removed: 2 } as const

/** Writes files and reads them again, with one list of words. */
export class FileRows {
  readonly #words = new Words()
  readonly #to = new Writer()

  /** Good until the next call. The name is not in it. */
  encode({ record, machines }: CatalogueFile): Buffer {
    const to = this.#to
    to.begin()
    const hasOwnSpelling = record.spelling !== record.name
    to.byte((hasOwnSpelling ? rowFlags.ownSpelling : 0) | (isRemoved(record) ? rowFlags.removed : 0))
    if (hasOwnSpelling) to.text(record.spelling)
    const contents: string[] = []
    for (const versions of [record.versions, record.earlier]) {
      to.number(versions.length)
      for (const version of versions) {
        contents.push(version.sha256)
        this.#version(version, record.spelling)
      }
    }
    this.#dots(record.superseded)
    to.number(machines.size)
    for (const [machine, held] of machines) {
      this.#word(machine)
      to.number(held.length)
      for (const [sha256, verifiedAt] of held) {
        const at = contents.indexOf(sha256)
        to.number(at + 1)
        if (at < 0) to.text(sha256)
        to.number(verifiedAt)
      }
    }
    return to.written
  }

  /** Whether the name of this row was removed: known without decoding it. */
  isRemoved(bytes: Buffer): boolean {
    return ((bytes[0] ?? 0) & rowFlags.removed) !== 0
  }

  decode(name: string, bytes: Buffer): { record: FileRecord; machines: Map<Identifier, Holdings> } {
    const from = new Reader(bytes)
    const spelling = from.byte() & rowFlags.ownSpelling ? from.text() : name
    const versions = many(from, () => this.#readVersion(from, spelling))
    const earlier = many(from, () => this.#readVersion(from, spelling))
    const superseded = this.#readDots(from)
    const contents = [...versions, ...earlier]
    const machines = many(from, () => {
      const machine = this.#readWord(from) as Identifier
      const held = many(from, () => {
        const at = from.number()
        return [at === 0 ? from.text() : (contents[at - 1]?.sha256 ?? ''), from.number()] as const
      })
      return [machine, held] as const
    })
    return { record: { name, spelling, versions, earlier, superseded }, machines: new Map(machines) }
  }

  #version(version: Version, spelling: string): void {
    const to = this.#to
    const isOwnName = version.originalName === lastOf(spelling)
    to.byte((version.deleted ? flags.deleted : 0) | (isOwnName ? flags.ownOriginalName : 0))
    if (!isOwnName) to.text(version.originalName)
    for (const hash of [version.version, version.sha256, version.manifestSha256]) to.text(hash)
    for (const number of [version.sizeBytes, version.lamport, version.counter, version.storedAt]) to.number(number)
    this.#word(version.writerId)
    this.#word(version.writerName)
    this.#dots(version.supersedes)
  }

  #readVersion(from: Reader, spelling: string): Version {
    const flag = from.byte()
    const originalName = flag & flags.ownOriginalName ? lastOf(spelling) : from.text()
    const [version, sha256, manifestSha256] = [from.text(), from.text(), from.text()]
    const [sizeBytes, lamport, counter, storedAt] = [from.number(), from.number(), from.number(), from.number()]
    const [writerId, writerName] = [this.#readWord(from), this.#readWord(from)]
    const supersedes = this.#readDots(from)
    const deleted = (flag & flags.deleted) !== 0
    return {
      version,
      sha256,
      sizeBytes,
      manifestSha256,
      lamport,
      counter,
      writerId,
      writerName,
      storedAt,
      supersedes,
      deleted,
      originalName,
    }
  }

  #dots(dots: Dots): void {
    const writers = Object.entries(dots)
    this.#to.number(writers.length)
    for (const [writerId, intervals] of writers) {
      this.#word(writerId)
      this.#to.number(intervals.length)
      for (const [first, last] of intervals) {
        this.#to.number(first)
        this.#to.number(last)
      }
    }
  }

  #readDots(from: Reader): Dots {
    const writers = many(from, () => {
      const writerId = this.#readWord(from)
      return [writerId, many(from, (): Interval => [from.number(), from.number()])] as const
    })
    return writers.length === 0 ? noDots : Object.fromEntries(writers)
  }

  #word(text: string): void {
    const number = this.#words.numberOf(text)
    this.#to.number(number + 1)
    if (number < 0) this.#to.text(text)
  }

  #readWord(from: Reader): string {
    const number = from.number()
    return number === 0 ? from.text() : this.#words.textOf(number - 1)
  }
}

const noDots: Dots = {}

function many<T>(from: Reader, read: () => T): T[] {
  const items: T[] = []
  for (let count = from.number(); count > 0; count--) items.push(read())
  return items
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
