/**
 * The rows of the file list: sorted, searched and filtered, and the names that are offered to who searches. With many files all of that takes
 * some steps, between which the rows before stay; big lists follow the news at most once a second.
 */

import { useThrottleFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { FileOrder, sorted } from '../model/file-order.ts'
import { BestMatches, FileSearch } from '../model/file-search.ts'
import type { ListedFile } from '../model/listed-file.ts'
import { useFiles } from './files.ts'
import { inSteps, type Steps } from './in-steps.ts'
import { useWindow } from './window.ts'

const bigList = 3000
const bigListRestMs = 1000
/** Rows found that are worth showing before the search is over: more than any window has room for. */
const firstRows = 200

/** Names that changed, and the files as they were before, null where there was none. */
type Changes = ReadonlyMap<string, ListedFile | null>
const noChanges: Changes = new Map()

export const useFileList = defineStore('file-list', () => {
  const files = useFiles()
  const view = useWindow()

  /** Every file of `listedOf`, as they were before `taken` and the changes that wait. */
  let all = new FileOrder(view.sort, [])
  let listedOf: ReadonlyMap<string, ListedFile> | null = null
  /** Null while another is under way. */
  let search: FileSearch | null = null
  /** Changes that are being put in their places. */
  let taken = noChanges
  /** News wait for their places. */
  let isDue = false
  let steps: Steps | null = null

  /** Those of all that fit `search`, in their order. */
  const shown = shallowRef(all)
  const rows = computed(() => shown.value.files)
  const matches = shallowRef<readonly ListedFile[]>([])

  function takeChanges(): void {
    taken = new Map(files.changes)
    files.changes.clear()
    isDue = false
  }

  function giveBack(): void {
    if (taken.size === 0) return
    for (const [name, before] of taken) files.changes.set(name, before)
    taken = noChanges
    isDue = true
  }

  function show(order: FileOrder, best: readonly ListedFile[]): void {
    shown.value = order
    matches.value = best
  }

  /** All of it anew, else what a person looks for, else what the news changed. */
  function* arrange(): Generator<void, void> {
    const wanted = new FileSearch(view.query, view.filter)
    const [now, sorting] = [files.byName, view.sort]
    if (all.sorting !== sorting || listedOf !== now) {
      takeChanges()
      all = yield* sorted(sorting, [...now.values()])
      listedOf = now
      taken = noChanges
      yield* find(wanted)
    } else if (search === null || !wanted.isAs(search)) yield* find(wanted)
    else yield* follow(search)
  }

  function* find(wanted: FileSearch): Generator<void, void> {
    search = null
    if (wanted.isForAll) show(all, [])
    else {
      const found: ListedFile[] = []
      const best = new BestMatches(wanted)
      const look = wanted.named(all.files, (file) => {
        best.add(file)
        if (wanted.hasState(file)) found.push(file)
      })
      let isShown = false
      for (const _ of look) {
        if (!isShown && found.length >= firstRows) {
          isShown = true
          show(new FileOrder(all.sorting, [...found]), best.files)
        }
        yield
      }
      show(new FileOrder(all.sorting, found), best.files)
    }
    search = wanted
  }

  function* follow(current: FileSearch): Generator<void, void> {
    takeChanges()
    const gone = [...taken.values()].filter((file) => file !== null)
    const come = [...taken.keys()].map((name) => files.byName.get(name)).filter((file) => file !== undefined)
    const next = yield* all.changed(gone, come)
    if (current.isForAll) show(next, [])
    else {
      const fits = (file: ListedFile): boolean => current.hasName(file) && current.hasState(file)
      const order = yield* shown.value.changed(gone.filter(fits), come.filter(fits))
      show(order, followMatches(current, come))
    }
    all = next
    taken = noChanges
  }

  /** Those that were offered stay, as they are now, as long as they are there; others come in their turn. */
  function followMatches(current: FileSearch, come: readonly ListedFile[]): readonly ListedFile[] {
    const best = new BestMatches(current)
    const before = matches.value.map((file) => (taken.has(file.name) ? files.byName.get(file.name) : file))
    for (const file of new Set([...before, ...come])) if (file && current.hasName(file)) best.add(file)
    return best.files
  }

  function* arrangeAll(): Generator<void, void> {
    do yield* arrange()
    while (isDue)
  }

  function begin(): void {
    steps?.stop()
    giveBack()
    steps = inSteps(arrangeAll())
  }

  function onNews(): void {
    isDue = true
    if (steps === null || steps.isOver) begin()
  }

  begin()
  watch([() => view.sort, () => view.query, () => view.filter], begin, { flush: 'sync' })
  const followSoon = useThrottleFn(onNews, () => (files.count > bigList ? bigListRestMs : 0), true)
  // another object for each picture of news: the map stays the same
  watch(() => ({ now: files.byName }), followSoon)

  /** Rows and matches as they are after all steps. */
  function finish(): void {
    steps?.finish()
  }

  /** -1: no row. Whoever computes with it computes anew when the rows are others. */
  function indexOf(name: string | null): number {
    const order = shown.value
    if (name === null) return -1
    const before = taken.get(name) ?? files.changes.get(name)
    const file = before === undefined ? listedOf?.get(name) : before
    return file ? order.indexOf(file) : -1
  }

  return { rows, matches, finish, indexOf }
})
