/** Answers to those who compare arcs, complain of a copy, or tell of a change. */

import type { Connection } from '../net/connection.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { ArcQuestion, Buckets, Changed, Damaged, Digest, Entries } from '../protocol/messages.ts'
import { encodeCompared, readEntries, type TimedEntry } from '../transfer/arc-exchange.ts'
import { refuse } from '../transfer/receive-store.ts'
import { between } from '../transfer/transfer-context.ts'
import { around, firstAtOrAfter, inArc } from '../ring/interval.ts'
import { pageOf } from './arc-pages.ts'
import type { Arc } from './digests.ts'
import type { RepairContext } from './repair-context.ts'
import type { ArcSync } from './sync.ts'
import type { Verifier } from './verifier.ts'

/** Records in one answer, in bytes, under the receiver's bound. */
const answerBytes = limits.catalogueBytes / 4

export class Answers {
  readonly #repair: RepairContext
  readonly #parts: { readonly sync: ArcSync; readonly verifier: Verifier }
  readonly #onChanged: (machine: Identifier, revision: number) => void

  constructor(
    repair: RepairContext,
    parts: { readonly sync: ArcSync; readonly verifier: Verifier },
    onChanged: (machine: Identifier, revision: number) => void,
  ) {
    this.#repair = repair
    this.#parts = parts
    this.#onChanged = onChanged
  }

  /** Throws as an exchange does: the connection is of no use then. */
  async answer(connection: Connection, message: ArcQuestion | Damaged | Changed): Promise<void> {
    const { context } = this.#repair
    const ends = between(context, message.source)
    if (message.command === 'changed') {
      this.#onChanged(message.source, message.revision)
      return connection.send({ command: 'noted', ...ends })
    }
    if (message.command === 'damaged') {
      const verifiedAt = await this.#parts.verifier.recheck(message.sha256)
      return connection.send({ command: 'holds', sha256: message.sha256, verifiedAt, ...ends })
    }
    if (message.command === 'entries') return this.#entries(connection, message)
    if (message.command === 'buckets') return this.#buckets(connection, message)
    if (context.repair.isApart()) return refuse(context, connection, { reason: 'busy', detail: 'This machine was away for long' })
    return this.#digest(connection, message)
  }

  #digest(connection: Connection, message: Digest): Promise<void> {
    const arc = this.#arcOf(message.source)
    const same = arc !== null && this.#repair.own.arcs.hashOf(arc) === message.hash
    return connection.send({ command: same ? 'same' : 'differs', ...between(this.#repair.context, message.source) })
  }

  /** The arc that `machine` owns as this machine sees the circle. */
  #arcOf(machine: Identifier): Arc | null {
    const ids = this.#repair.context
      .online()
      .map((contact) => contact.id)
      .sort()
    const at = firstAtOrAfter(ids, machine)
    const from = around(ids, at - 1)
    return ids[at] === machine && from !== undefined ? { from, to: machine } : null
  }

  async #buckets(connection: Connection, message: Buckets): Promise<void> {
    const { context, own } = this.#repair
    // nothing to tell is an answer: whoever compares need not wait until it is settled what this machine knows
    if (context.repair.isApart()) {
      return connection.send({ command: 'hashes', synced: false, bodyBytes: 0, ...between(context, message.source) })
    }
    const arc = { from: message.from, to: message.to }
    const body = own.arcs.bucketsOf(arc)
    const synced = this.#parts.sync.hasSynced(arc)
    await connection.send({ command: 'hashes', synced, bodyBytes: body.length, ...between(context, message.source) })
    await connection.write(body)
  }

  async #entries(connection: Connection, message: Entries): Promise<void> {
    const { context, own } = this.#repair
    const theirs = new Map((await readEntries(connection, message)).map(({ name, digest }) => [name, digest]))
    if (context.repair.isApart()) return refuse(context, connection, { reason: 'busy', detail: 'This machine was away for long' })
    const { revision } = context.records
    const page = pageOf(own.arcs, { from: message.from, to: message.to })
    const entries: TimedEntry[] = []
    let upTo = page.upTo
    let bytes = 0
    let before: Identifier | null = null
    for (const { key, name, digest } of page.entries) {
      if (bytes >= answerBytes && before !== null && before !== key) {
        upTo = before
        break
      }
      before = key
      const entry = theirs.get(name) === digest ? null : await context.records.get(name)
      if (!entry) continue
      const timed = { ...entry, removedForMs: own.removedForMs(name) }
      bytes += Buffer.byteLength(JSON.stringify(timed)) + 1
      // several large records under one key: the rest in the next round
      if (bytes <= limits.catalogueBytes / 2 || entries.length === 0) entries.push(timed)
    }
    const covered = { from: message.from, to: upTo }
    const absent = [...theirs.keys()].filter(
      (name) => own.arcs.digestOf(name) === null && inArc(covered.from, context.keyOf(name), covered.to),
    )
    const body = encodeCompared(
      entries,
      absent.filter((name) => !own.has(name)),
    )
    await connection.send({ command: 'compared', upTo, revision, bodyBytes: body.length, ...between(context, message.source) })
    await connection.write(body)
  }
}
