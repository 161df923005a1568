/** From the ring's view to what is drawn: arcs, discs, labels. Pure, so that every ring size is tested without a window. */

import type { MachineView } from '../../../shared/views.ts'
import { arcPath, pointAt, separateLabels, spreadApart, type LabelBox, type Point } from './ring-geometry.ts'

export interface RingPictureInput {
  readonly machines: readonly MachineView[]
  readonly width: number
  readonly height: number
  /** Classroom rings show the id in the disc. */
  readonly idsInDiscs: boolean
  readonly captions: ReadonlyMap<string, string>
}

export interface DrawnMachine {
  readonly machine: MachineView
  readonly place: Point
  readonly disc: Point
  readonly letters: string
  readonly label: { readonly x: number; readonly y: number; readonly anchor: 'start' | 'middle' | 'end'; readonly name: string; readonly caption: string } | null
  /** Drawn from the true place to a disc that had to move. */
  readonly tie: string | null
}

export interface RingPicture {
  readonly centre: Point
  readonly radius: number
  readonly discRadius: number
  readonly arcs: readonly { readonly machine: MachineView; readonly path: string }[]
  readonly machines: readonly DrawnMachine[]
}

const nameHeight = 17
const captionHeight = 15
const manyMachines = 12

export function drawRing(input: RingPictureInput): RingPicture {
  const { machines, width, height } = input
  const small = Math.min(width, height) < 330
  const discRadius = machines.length > manyMachines || small ? 11 : 15
  const captions = machines.length <= manyMachines && !input.idsInDiscs && !small
  const labelRoomX = input.idsInDiscs ? 34 : Math.min(120, Math.max(62, width * 0.19))
  const labelRoomY = (captions ? 52 : 34) + discRadius
  const centre = { x: width / 2, y: height / 2 }
  const crowded = isCrowded(machines, { discRadius, radius: Math.min(width, height) / 3 })
  const radius = Math.max(48, Math.min(width / 2 - labelRoomX - discRadius, height / 2 - labelRoomY - (crowded ? discRadius * 1.5 : 0)))
  const shape = { radius, centre }

  const gap = (2 * discRadius + 5) / (2 * Math.PI * (radius + (crowded ? discRadius * 2 : 0)))
  const positions = machines.map((machine) => machine.position)
  const spread = spreadApart(positions, gap)

  const owners = machines.filter((machine) => machine.state !== 'away')
  const edge = (discRadius + 4) / (2 * Math.PI * radius)
  const arcs = owners.map((machine, index) => {
    const before = owners[(index + owners.length - 1) % owners.length] ?? machine
    const span = owners.length === 1 ? 1 : (((machine.position - before.position) % 1) + 1) % 1
    const trim = Math.min(edge, span * 0.2)
    return { machine, path: arcPath(before.position + trim, machine.position - trim, shape) }
  })

  const drawn = machines.map((machine, index) => {
    const at = spread[index] ?? machine.position
    const off = Math.abs(((at - machine.position + 1.5) % 1) - 0.5)
    const moved = off > gap * 0.3
    const place = pointAt(machine.position, radius, centre)
    const disc = moved ? pointAt(at, radius + discRadius * 2, centre) : place
    const tie = moved ? `M${place.x.toFixed(1)} ${place.y.toFixed(1)}L${disc.x.toFixed(1)} ${disc.y.toFixed(1)}` : null
    return { machine, at, place, disc, tie, letters: input.idsInDiscs ? machine.id : firstLetter(machine.name) }
  })

  const labels = input.idsInDiscs ? [] : placeLabels(drawn, { ...input, captions, discRadius, centre, texts: input.captions })
  return {
    centre,
    radius,
    discRadius,
    arcs,
    machines: drawn.map((d, index) => ({ machine: d.machine, place: d.place, disc: d.disc, letters: d.letters, tie: d.tie, label: labels[index] ?? null })),
  }
}

export function firstLetter(name: string): string {
  return [...name.trim()][0]?.toUpperCase() ?? '?'
}

function isCrowded(machines: readonly MachineView[], size: { discRadius: number; radius: number }): boolean {
  const gap = (2 * size.discRadius + 5) / (2 * Math.PI * size.radius)
  const sorted = machines.map((m) => m.position).sort((a, b) => a - b)
  return sorted.some((position, index) => index > 0 && position - (sorted[index - 1] ?? 0) < gap)
}

interface LabelInput {
  readonly width: number
  readonly height: number
  readonly captions: boolean
  readonly discRadius: number
  readonly centre: Point
  readonly texts: ReadonlyMap<string, string>
}

/** Rough width of a text in the window's font: labels only need not to meet. */
const textWidth = (text: string, size: number): number => [...text].length * size * 0.56

function placeLabels(drawn: readonly { machine: MachineView; at: number; disc: Point }[], input: LabelInput): DrawnMachine['label'][] {
  const away = input.discRadius + 9
  const height = input.captions ? nameHeight + captionHeight : nameHeight
  const room = Math.min(150, Math.max(70, input.width * 0.2))
  const anchors: ('start' | 'middle' | 'end')[] = []
  const boxes = drawn.map(({ machine, at, disc }): LabelBox => {
    const caption = input.captions ? (input.texts.get(machine.id) ?? '') : ''
    const width = Math.min(room, Math.max(textWidth(machine.name, 13.5), textWidth(caption, 11.5)) + 4)
    const sine = Math.sin(at * 2 * Math.PI)
    const cosine = Math.cos(at * 2 * Math.PI)
    const anchor = sine > 0.28 ? 'start' : sine < -0.28 ? 'end' : 'middle'
    anchors.push(anchor)
    const x = anchor === 'middle' ? disc.x - width / 2 : anchor === 'start' ? disc.x + away * Math.max(0.75, sine) : disc.x - away * Math.max(0.75, -sine) - width
    const lift = anchor === 'middle' ? away + height / 2 - 4 : (away + height / 2) * Math.abs(cosine) ** 2
    return { x, y: disc.y - Math.sign(cosine) * lift, width, height }
  })
  const discs = drawn.map(({ disc }): LabelBox => ({ x: disc.x - input.discRadius - 2, y: disc.y, width: 2 * input.discRadius + 4, height: 2 * input.discRadius + 2 }))
  separateLabels(boxes, input, discs)
  return boxes.map((box, index) => {
    const anchor = anchors[index] ?? 'middle'
    const machine = drawn[index]?.machine
    const x = anchor === 'start' ? box.x : anchor === 'end' ? box.x + box.width : box.x + box.width / 2
    return {
      x,
      y: box.y - box.height / 2,
      anchor,
      name: shorten(machine?.name ?? '', room, 13.5),
      caption: input.captions ? shorten(input.texts.get(machine?.id ?? '') ?? '', room, 11.5) : '',
    }
  })
}

function shorten(text: string, width: number, size: number): string {
  const letters = [...text]
  const fits = Math.floor(width / (size * 0.56))
  return letters.length <= fits ? text : `${letters.slice(0, Math.max(1, fits - 1)).join('')}…`
}
