/** The rows of the file list: filtered, searched and sorted. Big lists follow the news at most once a second. */

import { watchThrottled } from '@vueuse/core'
import { computed, shallowRef } from 'vue'
import type { FileState, FileView } from '../../../shared/views.ts'
import { foldName } from '../model/file-name.ts'
import type { ListedFile } from '../model/listed-file.ts'
import { NameOrder } from '../model/name-order.ts'
import { useFiles } from '../stores/files.ts'
import { useWindow, type FileFilter, type SortColumn } from '../stores/window.ts'

const bigList = 3000
const worstFirst: Record<FileState, number> = { 'out-of-reach': 0, 'at-risk': 1, checking: 2, copying: 3, safe: 4 }

const comparers: Record<Exclude<SortColumn, 'name'>, (a: FileView, b: FileView) => number> = {
  size: (a, b) => a.sizeBytes - b.sizeBytes,
  changed: (a, b) => a.storedAt - b.storedAt,
  copies: (a, b) => a.holders.length - b.holders.length,
  state: (a, b) => worstFirst[a.state] - worstFirst[b.state],
}

export function matchesFilter(file: FileView, filter: FileFilter): boolean {
  if (filter === 'all') return true
  if (filter === 'conflict') return file.liveVersions > 1
  if (filter === 'away') return !file.here
  // what is in the trash is no file of the list
  if (filter === 'trash') return false
  return file.state === filter
}

export function sortFiles<T extends FileView>(files: readonly T[], column: Exclude<SortColumn, 'name'>): T[] {
  const compare = comparers[column]
  return [...files].sort((a, b) => compare(a, b) || (a.name < b.name ? -1 : 1))
}

export function useFileList() {
  const files = useFiles()
  const view = useWindow()

  const latest = computed<readonly ListedFile[]>(() => [...files.byName.values()])
  // shallow: a deep one makes every look at each of ten thousand files a look through a proxy
  const calm = shallowRef(latest.value)
  watchThrottled(latest, (files) => (calm.value = files), { throttle: 1000, trailing: true })
  const all = computed(() => (latest.value.length > bigList ? calm.value : latest.value))

  const byName = new NameOrder()
  // sorted before it is searched: a letter typed sorts nothing anew
  const sorted = computed(() => {
    const { column, down } = view.sort
    const ascending = column === 'name' ? byName.of(all.value) : sortFiles(all.value, column)
    return down ? ascending.reverse() : ascending
  })
  const rows = computed(() => {
    // read once: each look at a store is a look through a proxy
    const { filter } = view
    const query = foldName(view.query.trim())
    if (filter === 'all' && query === '') return sorted.value
    return sorted.value.filter((file) => matchesFilter(file, filter) && (query === '' || file.folded.includes(query)))
  })
  return { rows }
}
