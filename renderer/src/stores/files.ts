import { defineStore } from 'pinia'
import { computed, markRaw, ref } from 'vue'
import type { FilesPage } from '../../../shared/contract.ts'
import type { FileView } from '../../../shared/views.ts'
import { listed, type ListedFile } from '../model/listed-file.ts'
import { drawn } from './drawn.ts'

const inConflict = (file: FileView | undefined): boolean => file !== undefined && file.liveVersions > 1

/** All names of the ring. The map is changed in place: with tens of thousands of files a copy for each piece of news is too dear. */
export const useFiles = defineStore('files', () => {
  const files = drawn<Map<string, ListedFile>>(new Map())
  const byName = files.value
  const count = computed(() => byName.value.size)
  const conflicts = drawn(0)
  /** Names that changed, and the file as it was before, null where there was none. Whoever keeps an order of the files takes them out. */
  const changes = markRaw(new Map<string, ListedFile | null>())

  /** False while pages are on their way. */
  const isComplete = ref(true)
  /** Names that news spoke of since the next page was asked for: it may be older. */
  const told = new Set<string>()

  /** Begins anew with the first page. */
  function fill({ files: first, next }: FilesPage): void {
    files.change(() => new Map(first.map((file) => [file.name, listed(file)])))
    conflicts.change(() => first.filter(inConflict).length)
    changes.clear()
    told.clear()
    isComplete.value = next === null
    files.show()
    conflicts.show()
  }

  /** Another page. */
  function add(page: FilesPage): void {
    const fresh = page.files.filter(({ name }) => !told.has(name))
    change(fresh, [])
    told.clear()
    isComplete.value = page.next === null
  }

  /** News. */
  function apply(changed: readonly FileView[], removed: readonly string[]): void {
    if (!isComplete.value) for (const name of [...removed, ...changed.map((file) => file.name)]) told.add(name)
    change(changed, removed)
  }

  function change(changed: readonly FileView[], removed: readonly string[]): void {
    let moreConflicts = 0
    files.change((map) => {
      const put = (name: string, file?: ListedFile): void => {
        const before = map.get(name)
        if (!changes.has(name)) changes.set(name, before ?? null)
        if (file) map.set(name, file)
        else map.delete(name)
        moreConflicts += Number(inConflict(file)) - Number(inConflict(before))
      }
      for (const name of removed) put(name)
      for (const file of changed) put(file.name, listed(file))
      return undefined
    })
    if (moreConflicts !== 0) conflicts.change((count) => count + moreConflicts)
  }

  return { byName, count, conflicts: conflicts.value, changes, isComplete, fill, add, apply }
})
