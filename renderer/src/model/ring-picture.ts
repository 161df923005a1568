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
  /** The chosen file's place, named outside the circle. */
  readonly key: { readonly position: number; readonly name: string } | null
}

export interface DrawnLabel {
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'middle' | 'end'
  readonly name: string
  readonly caption: string
}

export interface DrawnMachine {
  readonly machine: MachineView
  readonly place: Point
  readonly disc: Point
  readonly letters: string
  readonly label: DrawnLabel | null
  /** Drawn from the true place to a disc that had to move. */
  readonly tie: string | null
}

export interface RingPicture {
  readonly centre: Point
  readonly radius: number
  readonly discRadius: number
  readonly arcs: readonly { readonly machine: MachineView; readonly path: string }[]
  readonly machines: readonly DrawnMachine[]
  readonly key: { readonly dot: Point; readonly tie: string; readonly label: DrawnLabel | null } | null
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
  const labelRoomY = (captions ? 52 : small ? 24 : 34) + discRadius
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

  const labels = placeLabels(drawn, { ...input, captions, discRadius, radius, centre, small, texts: input.captions })
  const key = input.key && drawKey(input.key.position, { radius, centre, label: labels.at(-1) ?? null })
  return {
    centre,
    radius,
    discRadius,
    arcs,
    machines: drawn.map((d, index) => ({
      machine: d.machine,
      place: d.place,
      disc: d.disc,
      letters: d.letters,
      tie: d.tie,
      label: input.idsInDiscs ? null : (labels[index] ?? null),
    })),
    key,
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

function drawKey(position: number, circle: { radius: number; centre: Point; label: DrawnLabel | null }): RingPicture['key'] {
  const { radius, centre, label } = circle
  const from = pointAt(position, radius + 8, centre)
  const lift = position > 0.25 && position < 0.75 ? 3 : 17
  const to = label
    ? { x: label.x + (label.anchor === 'start' ? -3 : label.anchor === 'end' ? 3 : 0), y: label.y + (label.anchor === 'middle' ? lift : 9) }
    : from
  return {
    dot: pointAt(position, radius, centre),
    tie: `M${from.x.toFixed(1)} ${from.y.toFixed(1)}L${to.x.toFixed(1)} ${to.y.toFixed(1)}`,
    label,
  }
}

interface LabelInput {
  readonly width: number
  readonly height: number
  readonly captions: boolean
  readonly small: boolean
  readonly discRadius: number
  readonly radius: number
  readonly centre: Point
  readonly key: RingPictureInput['key']
  readonly idsInDiscs: boolean
  readonly texts: ReadonlyMap<string, string>
}

/** Rough width of a text in the window's font: labels only need not to meet. */
const textWidth = (text: string, size: number): number => [...text].length * size * 0.58
const sideways = 0.28

interface LabelWish {
  readonly name: string
  readonly caption: string
  readonly at: number
  readonly from: Point
  readonly away: number
}

/** Beside its disc on the left and right, above or below it at the top and bottom. The file's own label comes last. */
function placeLabels(drawn: readonly { machine: MachineView; at: number; disc: Point }[], input: LabelInput): (DrawnLabel | null)[] {
  const room = Math.min(150, Math.max(70, input.width * 0.2))
  const discs = drawn.map(({ disc }): LabelBox => ({
    x: disc.x - input.discRadius - 2,
    y: disc.y,
    width: 2 * input.discRadius + 4,
    height: 2 * input.discRadius + 2,
  }))
  const machines = drawn.map(({ machine, at, disc }): LabelWish => {
    const caption = input.captions ? shorten(input.texts.get(machine.id) ?? '', room, 11.5) : ''
    return { name: shorten(machine.name, room, 13.5), caption, at, from: disc, away: input.discRadius + 9 }
  })
  const wishes = input.idsInDiscs ? [] : machines
  if (input.key && !input.small) {
    const { position, name } = input.key
    wishes.push({
      name: shorten(name, room * 1.15, 12.5),
      caption: '',
      at: position,
      from: pointAt(position, input.radius, input.centre),
      away: 26,
    })
  }
  const boxes = wishes.map((wish) => boxOf(wish))
  separateLabels(boxes, input, discs)
  const labels = boxes.map((box, index): DrawnLabel => {
    const wish = wishes[index]
    const anchor = anchorOf(wish?.at ?? 0)
    const x = anchor === 'start' ? box.x : anchor === 'end' ? box.x + box.width : box.x + box.width / 2
    return { x, y: box.y - box.height / 2, anchor, name: wish?.name ?? '', caption: wish?.caption ?? '' }
  })
  return input.key && !input.small ? labels : [...labels, null]
}

function anchorOf(at: number): DrawnLabel['anchor'] {
  const sine = Math.sin(at * 2 * Math.PI)
  return sine > sideways ? 'start' : sine < -sideways ? 'end' : 'middle'
}

function boxOf({ name, caption, at, from, away }: LabelWish): LabelBox {
  const height = caption === '' ? nameHeight : nameHeight + captionHeight
  const width = Math.max(textWidth(name, 13.5), textWidth(caption, 11.5)) + 4
  const sine = Math.sin(at * 2 * Math.PI)
  const cosine = Math.cos(at * 2 * Math.PI)
  const anchor = anchorOf(at)
  const side = away * Math.max(0.75, Math.abs(sine))
  const x = anchor === 'middle' ? from.x - width / 2 : anchor === 'start' ? from.x + side : from.x - side - width
  const lift = anchor === 'middle' ? away + height / 2 - 4 : (away + height / 2) * cosine ** 2
  return { x, y: from.y - Math.sign(cosine) * lift, width, height }
}

function shorten(text: string, width: number, size: number): string {
  const letters = [...text]
  const fits = Math.floor(width / (size * 0.56))
  return letters.length <= fits ? text : `${letters.slice(0, Math.max(1, fits - 1)).join('')}…`
}
