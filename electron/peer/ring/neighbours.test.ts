import { describe, expect, it } from 'vitest'
import { IdentifierSpace } from '../protocol/identifier.ts'
import { cutList, Neighbours } from './neighbours.ts'

const space = new IdentifierSpace(8)
const contact = (value: number, port = 1) => ({ id: space.fromBigInt(BigInt(value)), ways: [`10.0.0.${value}:${port}`] })
const contacts = (...values: number[]) => values.map((value) => contact(value))
const values = (list: readonly { id: string }[]) => list.map(({ id }) => Number.parseInt(id, 16))
const self = contact(9).id

describe('neighbours', () => {
  it.each([
    ['in order', [14, 19, 2], 2, [14, 19]],
    ['cut at self', [14, 2, 9, 14], 8, [14, 2]],
    ['without duplicates', [14, 14, 19, 14], 8, [14, 19]],
    ['without what is out of order', [19, 14, 2], 8, [19, 2]],
    ['empty in a ring of one', [9], 8, []],
  ])('has a list %s', (_, from, length, expected) => {
    expect(values(cutList(self, contacts(...from), length))).toEqual(expected)
  })

  it('sorts predecessors, nearest first, across zero', () => {
    const neighbours = new Neighbours(self, 2)
    neighbours.setPredecessor(contact(5))
    neighbours.placed(contact(250), 2, 0)
    neighbours.placed(contact(8), 1, 100)
    expect(values(neighbours.predecessors())).toEqual([8, 5, 250])
    neighbours.expirePlaces(50)
    expect(values(neighbours.predecessors())).toEqual([8, 5])
    neighbours.placed(contact(8), 0, 100)
    expect(values(neighbours.predecessors())).toEqual([5])
  })

  it('keeps the predecessor until there is another', () => {
    const neighbours = new Neighbours(self, 2)
    neighbours.setPredecessor(contact(5))
    neighbours.setSuccessors(contacts(14, 5))
    neighbours.remove(contact(5).id)
    expect(values(neighbours.successors)).toEqual([14])
    expect(neighbours.predecessor?.id).toBe(contact(5).id)
  })

  it('follows a neighbour that moves', () => {
    const neighbours = new Neighbours(self, 2)
    neighbours.setPredecessor(contact(5))
    neighbours.setSuccessors(contacts(14, 5))
    neighbours.moved(contact(5, 2))
    expect(neighbours.predecessor?.ways).toEqual(['10.0.0.5:2'])
    expect(neighbours.all().map(({ ways }) => ways[0])).toEqual(['10.0.0.14:1', '10.0.0.5:2'])
  })
})
