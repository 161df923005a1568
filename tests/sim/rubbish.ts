/**
 * Rubbish on the wire: bytes that mean nothing, lines cut short or altered, lines for others, lists and lines without end. What a machine
 * takes of it is a flaw; that it changes nothing shows in the run's hash, which is the same without it (sim.test.ts, files.test.ts): all
 * chance here is its own.
 */

import { ringMessageIn } from '../../electron/peer/net/dispatcher.ts'
import { encodeMessage } from '../../electron/peer/protocol/codec.ts'
import type { Identifier, IdentifierSpace } from '../../electron/peer/protocol/identifier.ts'
import { limits } from '../../electron/peer/protocol/limits.ts'
import type { FileMessage } from '../../electron/peer/protocol/messages.ts'
import { pick, pickNumber, Prng } from '../../electron/peer/ring/prng.ts'

/** Bytes of rubbish after a line that announces so many. */
const bodyBytes = 300
/** A way that nobody has: whoever took it in would be seen to. */
const nowhere = '203.0.113.7:9'

/** Both ends of what is sent: as in every line of the protocol. */
interface Ends {
  readonly destination: Identifier
  readonly source: Identifier
}

export class Rubbish {
  readonly random: Prng
  readonly #space: IdentifierSpace

  constructor(seed: number, space: IdentifierSpace) {
    this.random = new Prng(seed * 7919 + 37)
    this.#space = space
  }

  /** Whether something with this share happens now. */
  chance(share: number): boolean {
    return share > 0 && this.random.next() < share
  }

  /** A line that says nothing to `self`. `line`: one that some machine sent. */
  line(self: Identifier, line: string): string {
    const words = line.split(' ')
    const contact = `${words.at(-1) ?? ''}@${nowhere}`
    const kinds: readonly (() => string)[] = [
      () => this.bytes(1 + pickNumber(this.random, 300)).toString('latin1'),
      () => words.slice(0, 1 + pickNumber(this.random, words.length - 1)).join(' '),
      () => this.#altered(self, line),
      () => [...words.slice(0, 1), ...words].join(' '),
      () => `/successor tell 1 - ${Array.from({ length: 500 }, () => contact).join(',')} ${this.#space.format(self)} ${words.at(-1) ?? ''}`,
      () => `${line}${' '.repeat(limits.lineBytes)}`,
      // as it is: meant for another, unless it was for this one
      () => (words.at(-2) === this.#space.format(self) ? words.slice(0, -1).join(' ') : line),
    ]
    return pick(this.random, kinds)?.() ?? ''
  }

  /** What a machine would do with a datagram's line: false = nothing. */
  isTaken(self: Identifier, line: string): boolean {
    return 'command' in ringMessageIn(this.#space, line, self)
  }

  /** One character is another; a line that still says something is none of these. */
  #altered(self: Identifier, line: string): string {
    const at = pickNumber(this.random, line.length)
    const altered = line.slice(0, at) + String.fromCharCode(33 + pickNumber(this.random, 94)) + line.slice(at + 1)
    return this.isTaken(self, altered) ? '/' : altered
  }

  /** What comes over a stream: lines as above, or the beginning of an exchange whose bytes are not what it says, or too few. */
  stream(ends: Ends, line: string): Buffer {
    if (this.random.next() < 0.5) return Buffer.from(`${this.line(ends.destination, line)}\n`, 'latin1')
    const openings: readonly FileMessage[] = [
      { command: 'store', key: ends.source, copies: 1, next: [], recordBytes: bodyBytes, manifestBytes: bodyBytes, ...ends },
      { command: 'stage', copies: 1, next: [], sizeBytes: 100 * bodyBytes, blockBytes: 4096, ...ends },
      { command: 'update', recordBytes: bodyBytes, ...ends },
      { command: 'names', since: bodyBytes, told: 1, bodyBytes, ...ends },
      { command: 'pack', copies: 1, next: [], files: 2, blockBytes: 4096, bodyBytes, ...ends },
      { command: 'entries', from: ends.source, to: ends.destination, bodyBytes, ...ends },
      { command: 'stored', holders: [ends.destination], failed: [], ...ends },
    ]
    const opening = pick(this.random, openings)
    return Buffer.concat([Buffer.from(opening ? `${encodeMessage(this.#space, opening)}\n` : ''), this.bytes(2 * bodyBytes)])
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => pickNumber(this.random, 256)))
  }
}
