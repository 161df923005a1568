/** Messages of look-ups on rings at rest. A million peers take longer: `npm run scale -- lookups`. */

import { describe, expect, it } from 'vitest'
import { isLive } from '../../electron/peer/ring/membership.ts'
import { fingersOf, prune } from '../../electron/peer/ring/fingers.ts'
import { pickNumber, Prng } from '../../electron/peer/ring/prng.ts'
import type { Identifier } from '../../electron/peer/protocol/identifier.ts'
import { lookupBounds, measureLookups } from './lookups.ts'
import { contactOf, makeCore, StaticRing } from './static-ring.ts'

describe.each(lookupBounds.filter(({ peers }) => peers <= 100_000))('on a ring of $peers', (bound) => {
  it('every look-up ends at the owner, with as few messages as promised', () => {
    const figures = measureLookups({ ...bound, lookups: 500 }, 1)
    expect(figures.wrong).toBe(0)
    expect(figures.mean).toBeLessThanOrEqual(bound.mean)
    expect(figures.percentile99).toBeLessThanOrEqual(bound.percentile99)
  })
})

describe('the table of a peer of a ring at rest', () => {
  it('is what pruning leaves of a table of everybody', () => {
    const ring = new StaticRing(5_000, 1)
    const id = ring.ids[pickNumber(ring.random, 5_000)] as Identifier
    const made = ring.peer(id).core
    const whole = makeCore(id, new Prng(2), () => undefined)
    whole.neighbours.setSuccessors(made.neighbours.successors)
    for (const contact of made.neighbours.predecessors().toReversed()) {
      whole.neighbours.placed(contact, 1, 0)
      whole.neighbours.setPredecessor(contact)
    }
    for (const other of shuffled(ring))
      if (other !== id) whole.table.merge({ contact: contactOf(other), incarnation: 1, state: 'alive' }, 0)
    prune(whole)
    expect(slots(made)).toEqual(slots(whole))
    expect(made.neighbours.all()).toEqual(whole.neighbours.all())
    // which of a slot is kept is chance, and so is how many of the neighbours are fingers as well
    expect(Math.abs(made.table.size - whole.table.size)).toBeLessThan(10)
  })
})

function shuffled(ring: StaticRing): Identifier[] {
  const ids = [...ring.ids]
  for (let i = ids.length - 1; i > 0; i--) {
    const j = pickNumber(ring.random, i + 1)
    ;[ids[i], ids[j]] = [ids[j] as Identifier, ids[i] as Identifier]
  }
  return ids
}

/** Slots of distance in which a table has somebody. */
function slots(core: ReturnType<typeof makeCore>): number[] {
  const live = [...core.table.all()].filter((entry) => isLive(entry.state))
  return [...fingersOf(core.space, core.self.id, live).keys()].sort((a, b) => a - b)
}
