import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { FileView } from '../../../shared/views.ts'
import { listed, type ListedFile } from '../model/listed-file.ts'
import { drawn } from './drawn.ts'

/** All names of the ring. The map is changed in place: with tens of thousands of files a copy for each piece of news is too dear. */
export const useFiles = defineStore('files', () => {
  const files = drawn<Map<string, ListedFile>>(new Map())
  const byName = files.value
  const count = computed(() => byName.value.size)
  const conflicts = computed(() => {
    let found = 0
    for (const file of byName.value.values()) if (file.liveVersions > 1) found++
    return found
  })

  function fill(all: readonly FileView[]): void {
    files.change(() => new Map(all.map((file) => [file.name, listed(file)])))
    files.show()
  }

  function apply(changed: readonly FileView[], removed: readonly string[]): void {
    files.change((map) => {
      for (const name of removed) map.delete(name)
      for (const file of changed) map.set(file.name, listed(file))
      return undefined
    })
  }

  return { byName, count, conflicts, fill, apply }
})
