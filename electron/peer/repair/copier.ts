/**
 * Carries one repair out: a content goes from this machine's store to those who should hold it, no faster than repair may be, and to
 * machines beyond the replica set where one of it has no room.
 */

import { AppError, passOver } from '../../../shared/errors.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { isBehind, type CatalogueFile } from '../transfer/catalogue.ts'
import { askRecord } from '../transfer/exchange.ts'
import { distribute, type Cargo, type Distributed } from '../transfer/distribute.ts'
import type { TransferHandle } from '../transfer/transfer-work.ts'
import type { Transfers } from '../transfer/transfers.ts'
import { Diversion } from './diversion.ts'
import { RateCap } from './rate-cap.ts'
import type { RepairContext } from './repair-context.ts'
import type { ContentCopies, Repair } from './repair-plan.ts'

export type CopyKind = 'repair' | 'hand-over'

interface Copying {
  readonly file: CatalogueFile
  readonly manifest: Manifest
  readonly repair: Repair
  readonly kind: CopyKind
}

interface Reading {
  readonly handle: TransferHandle
  readonly meter: { heldBackMs: number; bytes: number }
  readonly blocks: readonly number[]
}

export class Copier {
  readonly diversion = new Diversion()
  readonly #repair: RepairContext
  readonly #transfers: Transfers
  readonly #onDamaged: (sha256: string) => void
  readonly #rate: RateCap
  /** Content and name -> its copying. */
  readonly #busy = new Map<string, Promise<void>>()

  /** @param onDamaged others found that the bytes of a content here do not match its hash */
  constructor(repair: RepairContext, transfers: Transfers, onDamaged: (sha256: string) => void) {
    this.#repair = repair
    this.#transfers = transfers
    this.#onDamaged = onDamaged
    this.#rate = new RateCap(repair.allowance)
  }

  /** Copies begun and not ended. */
  get running(): number {
    return this.#busy.size
  }

  isCopying(copies: ContentCopies): boolean {
    return this.#busy.has(copies.id)
  }

  mayAsk(machine: Identifier, sizeBytes: number): boolean {
    return this.diversion.mayAsk(machine, sizeBytes, this.#repair.now())
  }

  /**
   * Resolves when the content is where `repair` wants it, as far as there is room; what is being copied already is waited for. Rejects with
   * what a transfer throws.
   */
  copy(repair: Repair, kind: CopyKind): Promise<void> {
    const { id } = repair.of
    const running = this.#busy.get(id)
    if (running) return running
    const copying = this.#carryOut(repair, kind).finally(() => this.#busy.delete(id))
    this.#busy.set(id, copying)
    return copying
  }

  async #carryOut(repair: Repair, kind: CopyKind): Promise<void> {
    const { name, content } = repair.of
    const { context } = this.#repair
    const file = context.catalogue.get(name)
    if (!file) return
    await context.use.during([content.sha256], async () => {
      const manifest = await context.contents.manifest(content.sha256).catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'corrupt') this.#onDamaged(content.sha256)
        throw error
      })
      // the bytes are not where the record says: another holder has to act
      if (!manifest) await context.records.setHeld(content.sha256, null)
      else await this.#copy({ file, manifest, repair, kind })
    })
  }

  async #copy(copying: Copying): Promise<void> {
    const { context } = this.#repair
    const { file, manifest, repair, kind } = copying
    const { spelling } = file.record
    await this.#transfers.run({ kind, name: spelling }, async (handle) => {
      handle.size(manifest.sizeBytes * Math.max(1, repair.targets.length))
      const home = await this.#push(copying, handle, { to: repair.targets, copies: repair.targets.length })
      const short = repair.missing - home.holders.length
      const away = short > 0 ? await this.#push(copying, handle, { to: this.#beyond(repair), copies: short }) : null
      const holders = [...home.holders, ...(away?.holders ?? [])]
      if (holders.length > 0) context.emit({ kind: 'repaired', name: spelling, to: holders })
      else throw home.failure ?? away?.failure ?? new AppError('peer-unreachable', `No machine took a copy of ${spelling}`)
    })
  }

  #beyond(repair: Repair): Identifier[] {
    const { beyond, onlineHolders, content } = repair.of
    return beyond.filter((id) => !onlineHolders.includes(id) && this.mayAsk(id, content.sizeBytes))
  }

  async #push(
    copying: Copying,
    handle: TransferHandle,
    wish: { readonly to: readonly Identifier[]; readonly copies: number },
  ): Promise<Distributed> {
    const { context, now } = this.#repair
    const { file, manifest, repair } = copying
    const candidates = wish.to.map((id) => context.contact(id)).filter((contact): contact is Contact => contact !== null)
    const meter = { startedAt: now(), heldBackMs: 0, bytes: 0 }
    const cargo: Cargo = { record: file.record, manifest, read: (blocks) => this.#read(copying, { handle, meter, blocks }) }
    const result = await distribute(context, cargo, { candidates, copies: wish.copies, signal: handle.signal })
    this.#rate.measured(meter.bytes, now() - meter.startedAt - meter.heldBackMs, now())
    const { sha256, sizeBytes } = repair.of.content
    for (const id of result.full) this.diversion.refused(id, sizeBytes, now())
    for (const id of result.holders) this.#took(id, copying)
    if (result.damaged) this.#onDamaged(sha256)
    if (result.failure?.code === 'already-exists') await this.#learn(file.record.name, candidates)
    return result
  }

  /** A target knows of a later state of the name: so does this machine then, and wants the content no more. */
  async #learn(name: string, contacts: readonly Contact[]): Promise<void> {
    const { context } = this.#repair
    for (const contact of contacts) {
      await askRecord(context, contact, name).catch(passOver)
    }
  }

  /** What a machine took is known at once, before its next news says so. */
  #took(machine: Identifier, { file, manifest }: Copying): void {
    const { context } = this.#repair
    const { catalogue } = context
    const { sha256, sizeBytes } = manifest
    const known = catalogue.get(file.record.name)
    const record = known && isBehind(file.record, known.record) ? known.record : file.record
    catalogue.took(machine, { record, sha256, verifiedAt: context.wallClock() })
    this.diversion.took(machine, sizeBytes)
  }

  /** The bytes, held back to the allowed rate unless this is the last copy there is. */
  async *#read(copying: Copying, { handle, meter, blocks }: Reading): AsyncGenerator<Uint8Array> {
    const { context, now } = this.#repair
    const { manifest, repair, kind } = copying
    const isCapped = kind === 'repair' && repair.copies > 1
    for await (const chunk of context.contents.readBlocks(manifest, blocks)) {
      const waitMs = isCapped ? this.#rate.take(chunk.length, now()) : 0
      if (waitMs > 0) await new Promise<void>((resolve) => context.timers.after(waitMs, resolve))
      meter.heldBackMs += waitMs
      meter.bytes += chunk.length
      handle.done(meter.bytes * Math.max(1, repair.targets.length))
      yield chunk
    }
  }
}
