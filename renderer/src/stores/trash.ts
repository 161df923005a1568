/** What was removed and can be put back. Asked for when it changes, at most once a second: the peer tells only that a name is gone. */

import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { FileView, RemovedView } from '../../../shared/views.ts'
import { useConnection } from './connection.ts'

const askEveryMs = 1000

export const useTrash = defineStore('trash', () => {
  const removed = shallowRef<readonly RemovedView[]>([])
  let asking = false
  let again = false

  /** What changes while an answer is on its way is asked for once more. */
  function refresh(): void {
    if (asking) {
      again = true
      return
    }
    asking = true
    again = false
    void useConnection()
      .run('listRemoved', null)
      .then((outcome) => {
        if (outcome.ok) removed.value = outcome.value
        setTimeout(() => {
          asking = false
          if (again) refresh()
        }, askEveryMs)
      })
  }

  function filesChanged(changed: readonly FileView[], gone: readonly string[]): void {
    if (gone.length === 0 && removed.value.length === 0) return
    const back = new Set(changed.map((file) => file.name))
    if (removed.value.some((file) => back.has(file.name))) removed.value = removed.value.filter((file) => !back.has(file.name))
    if (gone.length > 0) refresh()
  }

  return { removed, refresh, filesChanged }
})
