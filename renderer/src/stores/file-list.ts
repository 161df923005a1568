/** The rows of the file list: sorted, searched and filtered. Big lists follow the news at most once a second. */

import { useThrottleFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { FileView } from '../../../shared/views.ts'
import { foldName } from '../model/file-name.ts'
import { FileOrder } from '../model/file-order.ts'
import type { ListedFile } from '../model/listed-file.ts'
import { useFiles } from './files.ts'
import { useWindow, type FileFilter } from './window.ts'

const bigList = 3000
const bigListRestMs = 1000

export function matchesFilter(file: FileView, filter: FileFilter): boolean {
  if (filter === 'all') return true
  if (filter === 'conflict') return file.liveVersions > 1
  if (filter === 'away') return !file.here
  // what is in the trash is no file of the list
  if (filter === 'trash') return false
  return file.state === filter
}

export const useFileList = defineStore('file-list', () => {
  const files = useFiles()
  const view = useWindow()

  let listedOf = files.byName
  let order = new FileOrder(view.sort, [])
  const sorted = shallowRef(order.files)

  function sortAnew(): void {
    listedOf = files.byName
    files.changes.clear()
    order = new FileOrder(view.sort, listedOf.values())
    sorted.value = order.files
  }

  function follow(): void {
    if (listedOf !== files.byName) return sortAnew()
    const gone = [...files.changes.values()].filter((file) => file !== null)
    const come = [...files.changes.keys()].map((name) => listedOf.get(name)).filter((file) => file !== undefined)
    files.changes.clear()
    order.change(gone, come)
    sorted.value = order.files
  }

  sortAnew()
  watch(() => view.sort, sortAnew, { flush: 'sync' })
  const followSoon = useThrottleFn(follow, () => (files.count > bigList ? bigListRestMs : 0), true)
  // another object for each picture of news: the map stays the same
  watch(() => ({ now: files.byName }), followSoon)

  const found = computed<readonly ListedFile[]>(() => {
    const wanted = foldName(view.query.trim())
    return wanted === '' ? sorted.value : sorted.value.filter(({ folded }) => folded.includes(wanted))
  })
  const rows = computed(() => {
    // read once: each look at a store is a look through a proxy
    const { filter } = view
    return filter === 'all' ? found.value : found.value.filter((file) => matchesFilter(file, filter))
  })

  /** -1: no row. */
  function indexOf(name: string | null): number {
    if (name === null) return -1
    const before = files.changes.get(name)
    const file = before === undefined ? listedOf.get(name) : before
    return file ? order.indexIn(rows.value, file) : -1
  }

  return { found, rows, indexOf }
})
