import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { Snapshot } from '../../../shared/contract.ts'
import type { LeavingView, MachineView, NearbyRingView, RingView, SafetyView } from '../../../shared/views.ts'
import { drawn } from './drawn.ts'

const noRing: RingView = { name: '', ringId: '', selfId: '', copiesWanted: 3, bits: 160, machines: [], neighbours: [] }
const noSafety: SafetyView = {
  files: 0,
  sizeBytes: 0,
  machines: 1,
  machinesOnline: 1,
  mayFail: 0,
  copying: 0,
  atRisk: 0,
  outOfReach: 0,
  checking: true,
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
}

/** Identifiers this short belong to a classroom ring and are shown as they are. */
export const classroomBitsMax = 16

/** The machines, how safe the files are, and what is announced nearby. */
export const useRing = defineStore('ring', () => {
  const ringDrawn = drawn<RingView>(noRing)
  const safetyDrawn = drawn<SafetyView>(noSafety)
  const ring = ringDrawn.value
  const safety = safetyDrawn.value
  const nearby = shallowRef<readonly NearbyRingView[]>([])
  const leaving = shallowRef<LeavingView | null>(null)

  const byId = computed(() => new Map(ring.value.machines.map((machine) => [machine.id, machine])))
  const self = computed<MachineView | undefined>(() => byId.value.get(ring.value.selfId))
  const isClassroom = computed(() => ring.value.bits <= classroomBitsMax)

  function nameOf(machineId: string): string {
    return byId.value.get(machineId)?.name ?? machineId.slice(0, 8)
  }

  function fill(snapshot: Snapshot): void {
    setRing(snapshot.ring)
    setSafety(snapshot.safety)
    ringDrawn.show()
    safetyDrawn.show()
    nearby.value = snapshot.nearby
  }
  const setRing = (value: RingView): void => ringDrawn.change(() => value)
  const setSafety = (value: SafetyView): void => safetyDrawn.change(() => value)
  const setNearby = (value: readonly NearbyRingView[]): void => void (nearby.value = value)
  const setLeaving = (value: LeavingView): void => void (leaving.value = value)

  return { ring, safety, nearby, leaving, byId, self, isClassroom, nameOf, fill, setRing, setSafety, setNearby, setLeaving }
})
