/** Everything about one name: asked when it is chosen and again when the ring changes it. The last answer wins. */

import { shallowRef, watch, type Ref } from 'vue'
import type { FileView, WhereView } from '../../../shared/views.ts'
import { usePeer } from '../stores/peer.ts'

export function useWhere(file: Readonly<Ref<FileView | null>>) {
  const peer = usePeer()
  const where = shallowRef<WhereView | null>(null)
  let asked = 0

  watch(
    () => {
      const f = file.value
      return f ? `${f.name}\n${f.sha256}\n${f.storedAt}\n${f.state}\n${f.liveVersions}\n${f.holders.map((h) => h.machineId).join()}` : ''
    },
    async () => {
      const mine = ++asked
      const name = file.value?.name
      if (where.value?.name !== name) where.value = null
      if (name === undefined) return
      const outcome = await peer.run('whereIs', { name })
      if (mine === asked) where.value = outcome.ok ? outcome.value : null
    },
    { immediate: true },
  )
  return where
}
