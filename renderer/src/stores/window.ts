/** What this window shows: view, selection, search, open dialogs. The view and the sorting survive a reload. */

import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { Sorting } from '../model/file-order.ts'
import type { FileFilter } from '../model/file-search.ts'

export const viewNames = ['files', 'ring', 'transfers', 'activity', 'settings'] as const
export type ViewName = (typeof viewNames)[number]

export const useWindow = defineStore('window', () => {
  const stored = useLocalStorage('ringdrop.view', 'files')
  const view = computed<ViewName>(() => viewNames.find((name) => name === stored.value) ?? 'files')
  const sort = useLocalStorage<Sorting>('ringdrop.sort', { column: 'changed', down: true })
  const query = ref('')
  const filter = ref<FileFilter>('all')
  const selected = shallowRef<ReadonlySet<string>>(new Set())
  /** The row that the keyboard is on: the file that details and ring show. */
  const current = ref<string | null>(null)
  const dialog = ref<'invite' | 'join' | null>(null)
  const removing = shallowRef<readonly string[]>([])
  const detailsOpen = ref(false)

  function show(name: ViewName): void {
    stored.value = name
  }

  function select(names: Iterable<string>, focus: string | null): void {
    selected.value = new Set(names)
    current.value = focus
  }

  function showFiles(wanted: FileFilter): void {
    filter.value = wanted
    query.value = ''
    show('files')
  }

  return { view, sort, query, filter, selected, current, dialog, removing, detailsOpen, show, select, showFiles }
})
