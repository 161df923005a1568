/**
 * The picture of the ring, as numbers. Positions are turns (0 = top, clockwise, 0 <= t < 1). True places are kept: machines
 * that lie too close together get their discs moved outwards and apart, each tied to its true place by a short line.
 */

export interface Point {
  readonly x: number
  readonly y: number
}

const turn = 2 * Math.PI
const wrap = (t: number): number => ((t % 1) + 1) % 1

export function pointAt(position: number, radius: number, centre: Point): Point {
  const angle = position * turn
  return { x: centre.x + radius * Math.sin(angle), y: centre.y - radius * Math.cos(angle) }
}

const f = (value: number): string => value.toFixed(2)

/** An arc clockwise from `from` to `to`; a whole circle (two halves) when they are the same. */
export function arcPath(from: number, to: number, shape: { radius: number; centre: Point }): string {
  const { radius, centre } = shape
  const span = wrap(to - from) || 1
  const middle = pointAt(from + span / 2, radius, centre)
  const a = pointAt(from, radius, centre)
  const b = pointAt(from + span, radius, centre)
  const half = (p: Point): string => `A${f(radius)} ${f(radius)} 0 0 1 ${f(p.x)} ${f(p.y)}`
  return `M${f(a.x)} ${f(a.y)}${half(middle)}${half(b)}`
}

/** A line between two places that keeps clear of the words in the middle of the ring. */
export function chordPath(from: number, to: number, shape: { radius: number; centre: Point }): string {
  const clearOfWords = 0.62
  const { radius, centre } = shape
  const forward = wrap(to - from)
  const apart = Math.min(forward, 1 - forward) * turn
  const middle = forward <= 0.5 ? from + forward / 2 : to + (1 - forward) / 2
  const reach = Math.max(0.3, 1 - 0.9 * apart, 2 * clearOfWords - Math.cos(apart / 2))
  const a = pointAt(from, radius, centre)
  const b = pointAt(to, radius, centre)
  const c = pointAt(middle, radius * reach, centre)
  return `M${f(a.x)} ${f(a.y)}Q${f(c.x)} ${f(c.y)} ${f(b.x)} ${f(b.y)}`
}

/** Moves places apart until neighbours on the circle are `gap` turns from each other; the order round the circle stays. */
export function spreadApart(positions: readonly number[], gap: number): number[] {
  const count = positions.length
  if (count < 2) return [...positions]
  const room = Math.min(gap, 0.98 / count)
  const order = positions.map((_, index) => index).sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0))
  // Unrolled from behind the widest gap, so that no cluster lies across the seam.
  let start = 0
  let widest = -1
  order.forEach((index, place) => {
    const before = order[(place + count - 1) % count] ?? 0
    const space = wrap((positions[index] ?? 0) - (positions[before] ?? 0)) || (count === 1 ? 1 : 0)
    if (space > widest) {
      widest = space
      start = place
    }
  })
  const rolled = order.map((_, place) => order[(start + place) % count] ?? 0)
  const origin = positions[rolled[0] ?? 0] ?? 0
  const places = rolled.map((index) => wrap((positions[index] ?? 0) - origin))
  for (let round = 0; round < 200; round++) {
    let moved = 0
    for (let i = 0; i < count; i++) {
      const next = (i + 1) % count
      const space = (places[next] ?? 0) + (next === 0 ? 1 : 0) - (places[i] ?? 0)
      if (space >= room - 1e-6) continue
      const push = (room - space) / 2
      places[i] = (places[i] ?? 0) - push
      places[next] = (places[next] ?? 0) + push
      moved += push
    }
    if (moved < 1e-5) break
  }
  const result = [...positions]
  rolled.forEach((index, place) => (result[index] = wrap((places[place] ?? 0) + origin)))
  return result
}

export interface LabelBox {
  /** Left edge and vertical middle. */
  x: number
  y: number
  readonly width: number
  readonly height: number
}

/** How far two labels lie over each other, up and down; 0 when they lie side by side. */
export function overlapOf(a: LabelBox, b: LabelBox): number {
  const beside = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
  return beside <= 0 ? 0 : (a.height + b.height) / 2 - Math.abs(a.y - b.y)
}

/** Pushes overlapping labels apart, up and down only, and keeps them within the picture. */
export function separateLabels(boxes: LabelBox[], size: { width: number; height: number }, fixed: readonly LabelBox[] = []): LabelBox[] {
  for (let round = 0; round < 120; round++) {
    let moved = false
    for (const [i, a] of boxes.entries()) {
      for (const b of boxes.slice(i + 1)) {
        const push = overlapOf(a, b)
        if (push <= 0.5) continue
        const sign = a.y <= b.y ? 1 : -1
        a.y -= (sign * push) / 2
        b.y += (sign * push) / 2
        moved = true
      }
      for (const b of fixed) {
        const push = overlapOf(a, b)
        if (push <= 0.5) continue
        a.y += (a.y < b.y ? -1 : 1) * push
        moved = true
      }
      a.y = Math.min(Math.max(a.y, a.height / 2), size.height - a.height / 2)
      a.x = Math.min(Math.max(a.x, 0), Math.max(0, size.width - a.width))
    }
    if (!moved) break
  }
  return boxes
}
