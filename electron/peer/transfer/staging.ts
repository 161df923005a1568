/**
 * Staging: the bytes of a large new file go to those who will hold it while it is still being hashed, so that it is read only once. Only a
 * head start: whatever goes wrong here, the store that follows asks for what is missing.
 */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import { liveVersions } from '../protocol/record.ts'
import { answer } from './exchange.ts'
import { storeTargets, type Offer, type Offered } from './distribute.ts'
import { mayHaveSize } from './known-sizes.ts'
import type { Pace } from './pace.ts'
import { PassOn } from './pass-on.ts'
import { readRecord } from './read-record.ts'
import { between, type TransferContext } from './transfer-context.ts'

/** Smaller files are hashed before a connection is up, in blocks. */
const worthBlocks = 16

export interface StagedFile {
  /** In NFC. */
  readonly name: string
  readonly sizeBytes: number
  readonly onProgress?: (to: Identifier, doneBytes: number) => void
  readonly pace?: Pace
}

export class Staging {
  readonly #passOn: PassOn
  readonly #file: StagedFile
  readonly #machine: string
  #doneBytes = 0
  #since = performance.now()
  #over = false

  /** @param machine for the pace: who takes the bytes */
  private constructor(passOn: PassOn, file: StagedFile, machine: string) {
    this.#passOn = passOn
    this.#file = file
    this.#machine = machine
  }

  /**
   * Null where it does not help: a small file, one that the ring may have already, which is hashed first, or no machine to send it to. Never
   * rejects.
   */
  static async begin(context: TransferContext, file: StagedFile): Promise<Staging | null> {
    const { blockBytes } = context.contents
    if (file.sizeBytes < worthBlocks * blockBytes || mayHaveSize(context.catalogue, file.sizeBytes)) return null
    const known = await readRecord(context, file.name, 'store').catch(() => null)
    if (!known || (known.record && liveVersions(known.record).length > 0)) return null
    const targets = storeTargets(context, known, file.name)
    const stage = { sizeBytes: file.sizeBytes, blockBytes }
    const passOn = await PassOn.start(context, {
      copies: targets.copies,
      next: targets.remotes,
      offer: (to) => offerStage(context, stage, to),
      end: 'noted',
    })
    return passOn.head && new Staging(passOn, file, context.space.format(passOn.head.id))
  }

  /** Sends the next block, if there is still somebody to send it to. Never rejects; the block may be used again when it resolves. */
  async write(index: number, block: Uint8Array): Promise<void> {
    const to: Contact | null = this.#passOn.head
    if (!to || this.#over) return
    // a file with holes is told block by block: holes do not travel
    if (isZero(block)) {
      this.abort()
      return
    }
    const readAt = performance.now()
    this.#file.pace?.waitedHere(readAt - this.#since)
    await this.#passOn.write(index, block)
    this.#since = performance.now()
    this.#file.pace?.waitedFor(this.#machine, this.#since - readAt)
    this.#doneBytes += block.length
    this.#file.onProgress?.(to.id, this.#doneBytes)
  }

  /** Waits until those who got the bytes have laid them aside. Never rejects. */
  async end(): Promise<void> {
    if (this.#over) return
    this.#over = true
    await this.#passOn.finish()
  }

  /** Stops: nothing stays anywhere. Harmless after `end`. */
  abort(): void {
    if (this.#over) return
    this.#over = true
    this.#passOn.destroy()
  }
}

/** Whether all bytes are 0: the first is, and each is like the one before it. */
function isZero(block: Uint8Array): boolean {
  return block[0] === 0 && Buffer.compare(block.subarray(1), block.subarray(0, -1)) === 0
}

/** Asks a machine to take bytes whose hash is not known yet. */
export async function offerStage(
  context: TransferContext,
  stage: { readonly sizeBytes: number; readonly blockBytes: number },
  to: Offer,
): Promise<Offered> {
  const { sizeBytes, blockBytes } = stage
  const next = to.next.slice(0, limits.next)
  await to.connection.send({ command: 'stage', copies: to.copies, next, sizeBytes, blockBytes, ...between(context, to.head.id) })
  return { ...(await answer(to.connection, ['continue'])), wanted: null }
}
