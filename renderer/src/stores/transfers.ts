import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { TransferView } from '../../../shared/views.ts'
import { drawn } from './drawn.ts'

const newestFirst = (a: TransferView, b: TransferView): number => (b.endedAt ?? b.startedAt) - (a.endedAt ?? a.startedAt)

export const useTransfers = defineStore('transfers', () => {
  const transfers = drawn<Map<string, TransferView>>(new Map())
  const byId = transfers.value
  const all = computed(() => [...byId.value.values()])
  const running = computed(() => all.value.filter((t) => t.state === 'running').sort((a, b) => a.startedAt - b.startedAt))
  const waiting = computed(() => all.value.filter((t) => t.state === 'waiting'))
  const paused = computed(() => all.value.filter((t) => t.state === 'paused'))
  const finished = computed(() => all.value.filter((t) => t.endedAt !== null).sort(newestFirst))
  /** What a person has to decide or try again. */
  const failed = computed(() => finished.value.filter((t) => t.state === 'failed'))

  /** Where a file was last put or taken from on this computer. */
  function pathOf(name: string): string | null {
    return finished.value.find((t) => t.name === name && t.path !== null && t.state === 'done')?.path ?? null
  }

  function fill(list: readonly TransferView[]): void {
    transfers.change(() => new Map(list.map((transfer) => [transfer.id, transfer])))
    transfers.show()
  }

  function apply(changed: readonly TransferView[], removed: readonly string[]): void {
    transfers.change((map) => {
      for (const id of removed) map.delete(id)
      for (const transfer of changed) map.set(transfer.id, transfer)
      return undefined
    })
  }

  return { byId, all, running, waiting, paused, finished, failed, pathOf, fill, apply }
})
