import { expect, test } from 'vitest'
import type { MachineView } from '../../../shared/views.ts'
import { drawRing, type RingPicture } from './ring-picture.ts'

const size = { width: 620, height: 520 }

function machine(id: string, position: number, state: MachineView['state'] = 'online'): MachineView {
  return {
    id,
    name: `Peer ${id}`,
    state,
    isSelf: false,
    position,
    address: null,
    roundTripMs: 3,
    lastHeardAt: null,
    awaySince: null,
    colour: 0,
  }
}

function draw(positions: readonly number[], idsInDiscs = false): RingPicture {
  const machines = [...positions].sort((a, b) => a - b).map((position, index) => machine(String(index), position))
  return drawRing({ machines, ...size, idsInDiscs, captions: new Map(machines.map((m) => [m.id, 'online · 3 ms'])), key: null })
}

/** Numbers that look random and are the same in every run. */
const scattered = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, index) => ((index + 1) * seed * 0.6180339887) % 1)

const rings: readonly (readonly [string, readonly number[]])[] = [
  ['one machine', [0.3]],
  ['two next to each other', [0.1, 0.104]],
  ['three', [0.02, 0.4, 0.71]],
  ['seven', scattered(7, 1)],
  ['five in one place, across the top', [0.995, 0.998, 0, 0.003, 0.006]],
  ['twenty', scattered(20, 1.37)],
  ['the seven of the classroom', [2, 4, 5, 8, 9, 14, 19].map((id) => id / 256)],
]

test.each(rings)('discs of %s do not cover each other and stay in the picture', (_, positions) => {
  const { machines, discRadius } = draw(positions)
  for (const [index, a] of machines.entries()) {
    expect(a.disc.x).toBeGreaterThan(discRadius)
    expect(a.disc.x).toBeLessThan(size.width - discRadius)
    expect(a.disc.y).toBeGreaterThan(discRadius)
    expect(a.disc.y).toBeLessThan(size.height - discRadius)
    for (const b of machines.slice(index + 1)) {
      expect(Math.hypot(a.disc.x - b.disc.x, a.disc.y - b.disc.y)).toBeGreaterThan(2 * discRadius - 1)
    }
  }
})

test('a machine with room is drawn at its true place, a moved one is tied to it', () => {
  const { machines, centre, radius } = draw([0.25, 0.5, 0.503])
  expect(machines[0]?.tie).toBeNull()
  expect(machines[0]?.disc).toEqual({ x: centre.x + radius, y: expect.closeTo(centre.y) as number })
  expect(machines[1]?.tie).not.toBeNull()
  expect(machines[2]?.tie).not.toBeNull()
})

test('an arc ends at the machine that owns it, and nobody owns one while away', () => {
  const machines = [machine('a', 0.1), machine('b', 0.4, 'away'), machine('c', 0.7)]
  const { arcs } = drawRing({ machines, ...size, idsInDiscs: false, captions: new Map(), key: null })
  expect(arcs.map((arc) => arc.machine.id)).toEqual(['a', 'c'])
})

test('names that cannot lie flat without covering each other are turned outwards', () => {
  const turned = draw([0.47, 0.482, 0.494, 0.506, 0.518]).machines.map(({ label }) => label?.turned ?? 0)
  expect(turned.every((degrees) => degrees !== 0)).toBe(true)
  expect(draw(scattered(7, 1)).machines.every(({ label }) => label?.turned === 0)).toBe(true)
})

test('flat labels do not cover each other', () => {
  const { machines } = draw(scattered(7, 1))
  const labels = machines.flatMap(({ label }) => (label?.turned === 0 && label.anchor === 'start' ? [label] : []))
  for (const [index, a] of labels.entries()) for (const b of labels.slice(index + 1)) expect(Math.abs(a.y - b.y)).toBeGreaterThan(15)
})
