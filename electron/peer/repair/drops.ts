/**
 * Copies here that the ring does not count on any more: kept for a while, and let go once the drop rule allows it for every name that
 * wants the content (ring.md 10).
 */

import { passOver } from '../../../shared/errors.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { askHave } from '../transfer/exchange.ts'
import { copiesId, nameIn, type Attendance } from './copies.ts'
import { mayDrop, type Confirmation } from './drop-rule.ts'
import type { RepairContext } from './repair-context.ts'
import type { ContentCopies } from './repair-plan.ts'

const dropsPerPass = 100

export class Drops {
  readonly #repair: RepairContext
  /** Content and name -> since when the copy here is surplus for that name. */
  readonly #surplusSince = new Map<string, number>()

  constructor(repair: RepairContext) {
    this.#repair = repair
  }

  /** Remembers since when the copy here is one that is not counted on. */
  note({ id, onlineHolders, replicaSet }: ContentCopies): void {
    const self = this.#repair.context.self.id
    const isSurplus = onlineHolders.includes(self) && !replicaSet.includes(self)
    if (!isSurplus) this.#surplusSince.delete(id)
    else if (!this.#surplusSince.has(id)) this.#surplusSince.set(id, this.#repair.now())
  }

  /** Lets go of what may go now. Never rejects for what other machines do. */
  async run(attendance: Attendance): Promise<void> {
    const { now, times } = this.#repair
    const due = [...this.#surplusSince].filter(([, since]) => now() - since >= times.dropHysteresisMs)
    const contents = new Set(due.map(([id]) => id.slice(0, 64)))
    let dropped = 0
    for (const sha256 of contents) {
      if (dropped >= dropsPerPass) return
      if (await this.#dropOne(sha256, attendance).catch(passOver)) dropped++
    }
    for (const [id] of due) if (!this.#repair.own.namesWanting(id.slice(0, 64)).includes(nameIn(id))) this.#surplusSince.delete(id)
  }

  async #dropOne(sha256: string, attendance: Attendance): Promise<boolean> {
    const { context, own } = this.#repair
    const names = own.namesWanting(sha256)
    if (names.length === 0 || !names.every((name) => this.#isLongSurplus(name, sha256, attendance))) return false
    const asked = new Map<Identifier, Confirmation>()
    for (const name of names) if (!(await this.#isConfirmed(name, sha256, asked))) return false
    const gone = await context.use.remove(sha256, async () => {
      await context.records.setHeld(sha256, null)
      await context.contents.remove(sha256)
    })
    if (!gone) return false
    for (const name of names) this.#surplusSince.delete(copiesId(name, sha256))
    context.emit({ kind: 'copy-dropped', name: context.catalogue.get(names[0] ?? '')?.record.spelling ?? names[0] ?? '', sha256 })
    return true
  }

  /** Looked at again: the ring may have changed since it was noted. */
  #isLongSurplus(name: string, sha256: string, attendance: Attendance): boolean {
    const { context, now, times } = this.#repair
    const file = context.catalogue.get(name)
    const copies = file && attendance.copiesOf(file, { copies: context.parameters.copies }).find((each) => each.content.sha256 === sha256)
    if (copies) this.note(copies)
    const since = copies && this.#surplusSince.get(copies.id)
    return since !== undefined && since !== null && now() - since >= times.dropHysteresisMs
  }

  /** The k machines nearest to the name's key each say that they hold it. One answer of a machine does for all names. */
  async #isConfirmed(name: string, sha256: string, asked: Map<Identifier, Confirmation>): Promise<boolean> {
    const { context, now } = this.#repair
    const { copies } = context.parameters
    const key = context.keyOf(name)
    const nearest = context.replicaSet(key, copies)
    await Promise.all(
      nearest.map(async (contact) => {
        if (asked.has(contact.id) || contact.id === context.self.id) return
        // counted from before the question: the copy may go right after the answer
        const at = now()
        const verifiedAt = await askHave(context, contact, sha256).catch(() => 0)
        if (verifiedAt > 0) asked.set(contact.id, { machine: contact.id, at })
      }),
    )
    const distance = (machine: Identifier): bigint => context.space.distance(key, machine)
    return mayDrop({ self: context.self.id, copies, confirmations: [...asked.values()], now: now(), distance })
  }
}
