/** From the ring's view to what is drawn: arcs, discs, labels. Pure, so that every ring size is tested without a window. */

import type { MachineView } from '../../../shared/views.ts'
import { arcPath, overlapOf, pointAt, separateLabels, spreadApart, type LabelBox, type Point } from './ring-geometry.ts'

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
  /** Degrees that the text is turned about its place; 0 = flat. */
  readonly turned: number
}

interface PlacedMachine {
  readonly machine: MachineView
  readonly at: number
  readonly place: Point
  readonly disc: Point
  readonly tie: string | null
  readonly letters: string
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
/** Farther than this from its true place and a disc is drawn outside the circle, tied to it. */
const movedTurns = 0.0015
/** Labels pushed farther than this from their discs no longer read as theirs. */
const crookedPixels = 26
/** Labels that still lie over something by more than this have no room to lie flat. */
const stuckPixels = 4

type LabelStyle = 'beside' | 'radial'

/** Names lie flat beside their discs; where that would push them far from these, all are turned outwards instead. */
export function drawRing(input: RingPictureInput): RingPicture {
  const flat = drawWith(input, 'beside')
  return flat.crooked ? drawWith(input, 'radial').picture : flat.picture
}

function drawWith(input: RingPictureInput, style: LabelStyle): { picture: RingPicture; crooked: boolean } {
  const { machines, width, height } = input
  const small = Math.min(width, height) < 330
  const radial = style === 'radial'
  const discRadius = machines.length > manyMachines || small ? 11 : 15
  const captions = machines.length <= manyMachines && !input.idsInDiscs && !small && !radial
  const longest = Math.min(96, Math.max(...machines.map((machine) => textWidth(machine.name, 13.5)), 20))
  const labelRoomX = input.idsInDiscs ? 34 : radial ? longest + 12 : Math.min(120, Math.max(62, width * 0.19))
  const labelRoomY = radial && !input.idsInDiscs ? longest + 12 : (captions ? 52 : small ? 24 : 34) + discRadius
  const centre = { x: width / 2, y: height / 2 }
  const crowded = isCrowded(machines, { discRadius, radius: Math.min(width, height) / 3 })
  const lift = crowded ? discRadius * 2 : 0
  const radius = Math.max(48, Math.min(width / 2 - labelRoomX - discRadius, height / 2 - labelRoomY - lift))
  const shape = { radius, centre }

  const gap = (2 * discRadius + 6) / (2 * Math.PI * (radius + lift))
  const touching = (2 * discRadius + 4) / (2 * Math.PI * radius)
  const spread = spreadApart(
    machines.map((machine) => machine.position),
    gap,
  )
  const drawn = machines.map((machine, index): PlacedMachine => {
    const at = spread[index] ?? machine.position
    const tooNear = machines.some((other) => other !== machine && turnsBetween(other.position, machine.position) < touching)
    const moved = tooNear || turnsBetween(at, machine.position) > movedTurns
    const place = pointAt(machine.position, radius, centre)
    const disc = moved ? pointAt(at, radius + discRadius * 2, centre) : place
    const tie = moved ? `M${place.x.toFixed(1)} ${place.y.toFixed(1)}L${disc.x.toFixed(1)} ${disc.y.toFixed(1)}` : null
    return { machine, at, place, disc, tie, letters: input.idsInDiscs ? machine.id : firstLetter(machine.name) }
  })

  const placed = placeLabels(drawn, { ...input, style, captions, discRadius, radius, centre, small, texts: input.captions })
  const key = input.key && drawKey(input.key.position, { radius, centre, label: placed.key })
  const picture = {
    centre,
    radius,
    discRadius,
    arcs: drawArcs(machines, shape, discRadius),
    machines: drawn.map(({ at: _, ...rest }, index) => ({ ...rest, label: placed.labels[index] ?? null })),
    key,
  }
  return { picture, crooked: !small && placed.pushed > crookedPixels }
}

const turnsBetween = (a: number, b: number): number => Math.abs(((a - b + 1.5) % 1) - 0.5)

/** An arc from the machine before to each machine that keys can belong to. */
function drawArcs(machines: readonly MachineView[], shape: { radius: number; centre: Point }, discRadius: number): RingPicture['arcs'] {
  const owners = machines.filter((machine) => machine.state !== 'away')
  const edge = (discRadius + 4) / (2 * Math.PI * shape.radius)
  return owners.map((machine, index) => {
    const before = owners[(index + owners.length - 1) % owners.length] ?? machine
    const span = owners.length === 1 ? 1 : (((machine.position - before.position) % 1) + 1) % 1
    const trim = Math.min(edge, span * 0.2)
    return { machine, path: arcPath(before.position + trim, machine.position - trim, shape) }
  })
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
  readonly style: LabelStyle
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

/** Beside its disc on the left and right, above or below it at the top and bottom. */
function placeLabels(
  drawn: readonly PlacedMachine[],
  input: LabelInput,
): { labels: (DrawnLabel | null)[]; key: DrawnLabel | null; pushed: number } {
  const room = Math.min(150, Math.max(70, input.width * 0.2))
  const discs = drawn.map(({ disc }): LabelBox => ({
    x: disc.x - input.discRadius - 2,
    y: disc.y,
    width: 2 * input.discRadius + 4,
    height: 2 * input.discRadius + 2,
  }))
  const away = input.discRadius + 9
  const wishes: LabelWish[] = []
  // In a small picture of many machines the discs' letters and the table below have to do.
  const named = !input.idsInDiscs && !(input.small && drawn.length > manyMachines)
  if (named && input.style === 'beside') {
    for (const { machine, at, disc } of drawn) {
      const caption = input.captions ? shorten(input.texts.get(machine.id) ?? '', room, 11.5) : ''
      wishes.push({ name: shorten(machine.name, room, 13.5), caption, at, from: disc, away })
    }
  }
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
  const boxes = wishes.map(boxOf)
  const before = boxes.map(({ y }) => y)
  separateLabels(boxes, input, discs)
  const stuck = boxes.some((box, index) => [...boxes.slice(index + 1), ...discs].some((other) => overlapOf(box, other) > stuckPixels))
  const furthest = Math.max(0, ...boxes.map((box, index) => Math.abs(box.y - (before[index] ?? box.y))))
  const pushed = stuck ? Infinity : furthest
  const flat = boxes.map((box, index) => flatLabel(box, wishes[index]))
  const key = input.key && !input.small ? (flat.pop() ?? null) : null
  const labels = named && input.style === 'radial' ? drawn.map((one) => radialLabel(one, away)) : flat
  return { labels, key, pushed }
}

function flatLabel(box: LabelBox, wish: LabelWish | undefined): DrawnLabel {
  const anchor = anchorOf(wish?.at ?? 0)
  const x = anchor === 'start' ? box.x : anchor === 'end' ? box.x + box.width : box.x + box.width / 2
  return { x, y: box.y - box.height / 2, anchor, name: wish?.name ?? '', caption: wish?.caption ?? '', turned: 0 }
}

/** Along the radius, turned so that it is never upside down. */
function radialLabel({ machine, at, disc }: PlacedMachine, away: number): DrawnLabel {
  const left = at > 0.5
  const point = pointAt(at, away - 3, disc)
  const turned = left ? at * 360 + 90 : at * 360 - 90
  return { x: point.x, y: point.y - 8.5, anchor: left ? 'end' : 'start', name: shorten(machine.name, 96, 13.5), caption: '', turned }
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
