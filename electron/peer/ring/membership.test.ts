import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IdentifierSpace } from '../protocol/identifier.ts'
import type { Member, MemberState } from '../protocol/messages.ts'
import { asMember, Membership } from './membership.ts'

const space = new IdentifierSpace(8)
const member = (value: number, incarnation = 1, state: MemberState = 'alive'): Member => {
  return { contact: { id: space.fromBigInt(BigInt(value)), ways: [`10.0.0.1:${value + 1}`] }, incarnation, state }
}
const self = member(0)

describe('membership', () => {
  it('lets the higher incarnation win, and at equal ones the worse state', () => {
    const table = new Membership()
    const states = (...news: Member[]) => news.map((item) => (table.merge(item, 5), table.get(item.contact.id)?.state))
    expect(states(member(1, 3), member(1, 3, 'suspect'), member(1, 3), member(1, 3, 'dead'), member(1, 3, 'suspect'))).toEqual([
      'alive',
      'suspect',
      'suspect',
      'dead',
      'dead',
    ])
    expect(states(member(1, 3, 'left'), member(1, 2), member(1, 4))).toEqual(['left', 'left', 'alive'])
  })

  it('tells what changed', () => {
    const table = new Membership()
    const { id } = member(1).contact
    expect(table.merge(member(1), 5)).toEqual({ id, from: null, to: 'alive' })
    expect(table.merge(member(1), 5)).toBeNull()
    expect(table.merge(member(1, 2), 5)).toEqual({ id, from: 'alive', to: 'alive' })
    expect(table.merge(member(1, 2, 'dead'), 9)).toEqual({ id, from: 'alive', to: 'dead' })
    expect(table.get(id)?.stateSince).toBe(9)
  })

  it('comes to the same table and digest in any order', () => {
    const news = fc.array(
      fc
        .tuple(fc.integer({ min: 1, max: 5 }), fc.nat(3), fc.constantFrom<MemberState>('alive', 'suspect', 'dead', 'left'))
        .map(([value, incarnation, state]) => member(value, incarnation, state)),
    )
    fc.assert(
      fc.property(news, (members) => {
        const [one, other] = [new Membership(), new Membership()]
        for (const item of members) one.merge(item, 0)
        for (const item of members.toReversed()) other.merge(item, 0)
        const view = (table: Membership) =>
          Array.from(table.all(), (entry) => [entry.contact.id, entry.incarnation, entry.state].join()).sort()
        expect(view(one)).toEqual(view(other))
        expect(one.digest(self)).toBe(other.digest(self))
        expect(one.liveIds()).toEqual(other.liveIds())
      }),
    )
  })

  it('has a digest over the live only', () => {
    const [one, other] = [new Membership(), new Membership()]
    one.merge(member(1), 0)
    other.merge(member(1), 0)
    other.merge(member(2, 1, 'dead'), 0)
    expect(one.digest(self)).toBe(other.digest(self))
    other.merge(member(3), 0)
    expect(one.digest(self)).not.toBe(other.digest(self))
    other.remove(member(3).contact.id)
    expect(one.digest(self)).toBe(other.digest(self))
  })

  it('keeps the fuller contact at equal incarnation', () => {
    const table = new Membership()
    table.merge(member(1), 0)
    const full = { ...member(1), contact: { id: member(1).contact.id, ways: ['10.0.0.1:2', 'ada.local:2'] } }
    expect(table.merge(full, 0)).toBeNull()
    table.merge(member(1), 0)
    expect(table.get(full.contact.id)?.contact.ways).toEqual(full.contact.ways)
  })

  it('takes the place of a restarted peer from whoever saw it there, and tells nobody the old one as the new', () => {
    const table = new Membership()
    const { id } = member(1).contact
    table.merge(member(1), 0)
    // it was heard on a stream: restarted, but who knows where
    table.merge(member(1, 3), 0, 1)
    expect(Array.from(table.all(), asMember)).toEqual([member(1, 1)])
    const moved = { ...member(1, 3), contact: { id, ways: ['10.0.0.9:1'] } }
    expect(table.merge(moved, 0)).toEqual({ id, from: 'alive', to: 'alive' })
    expect(Array.from(table.all(), asMember)).toEqual([moved])
    table.merge(member(1, 3), 0, 1)
    expect(Array.from(table.all(), asMember)).toEqual([moved])
  })
})
