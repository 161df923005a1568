/** The lines inside the ring's picture: to the neighbours, along the route of a look-up, and under moving files. */

import { computed, type ComputedRef, type Ref } from 'vue'
import type { TransferView, WhereView } from '../../../shared/views.ts'
import { chordPath } from '../model/ring-geometry.ts'
import type { RingPicture } from '../model/ring-picture.ts'
import { useRing } from '../stores/ring.ts'
import { useTransfers } from '../stores/transfers.ts'

export interface RingLink {
  readonly key: string
  readonly path: string
  /** The machine that gives: the moving dots have its colour. */
  readonly from: string
  readonly to: string
}

const linksMax = 24

export function useRingLinks(picture: ComputedRef<RingPicture>, where: Readonly<Ref<WhereView | null>>) {
  const ring = useRing()
  const transfers = useTransfers()

  function link(kind: string, from: string, to: string): RingLink | null {
    const a = ring.byId.get(from)
    const b = ring.byId.get(to)
    if (!a || !b || from === to) return null
    const { radius, centre, discRadius } = picture.value
    return { key: `${kind}:${from}:${to}`, path: chordPath(a.position, b.position, { radius: radius - discRadius - 3, centre }), from, to }
  }

  const unique = (links: readonly (RingLink | null)[]): RingLink[] => {
    const byKey = new Map<string, RingLink>()
    for (const one of links) if (one && byKey.size < linksMax) byKey.set(one.key, one)
    return [...byKey.values()]
  }

  const neighbours = computed(() => unique(ring.ring.neighbours.map((n) => link('neighbour', ring.ring.selfId, n.machineId))))
  const route = computed(() => {
    const ids = where.value?.route ?? []
    return unique(ids.slice(1).map((id, index) => link('route', ids[index] ?? '', id)))
  })
  const moving = computed(() =>
    unique(transfers.running.flatMap((transfer) => transfer.parts.map((part) => moves(transfer, part.machineId)))),
  )

  /** A request brings parts here; everything else carries them from here to the machines named. */
  function moves(transfer: TransferView, machineId: string): RingLink | null {
    const self = ring.ring.selfId
    return transfer.kind === 'request' || (transfer.kind === 'repair' && machineId !== self)
      ? link('move', machineId, self)
      : link('move', self, machineId)
  }

  return { neighbours, route, moving }
}
