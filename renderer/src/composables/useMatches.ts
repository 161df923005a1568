/** The first few names that fit what is typed in a field of its own. */

import { watchThrottled } from '@vueuse/core'
import { shallowRef, watch, type ShallowRef } from 'vue'
import { BestMatches, FileSearch } from '../model/file-search.ts'
import type { ListedFile } from '../model/listed-file.ts'
import { useFiles } from '../stores/files.ts'
import { inSteps, type Steps } from '../stores/in-steps.ts'

/** News of files come more often than a search through many of them ends. */
const newsRestMs = 1000

export interface Matches {
  readonly files: Readonly<ShallowRef<readonly ListedFile[]>>
  /** All that fit have been looked for when it returns. */
  readonly finish: () => void
}

export function useMatches(query: () => string): Matches {
  const files = useFiles()
  const found = shallowRef<readonly ListedFile[]>([])
  let steps: Steps | null = null

  function* find(search: FileSearch): Generator<void, void> {
    const best = new BestMatches(search)
    if (search.text !== '') yield* search.named(files.byName.values(), (file) => best.add(file))
    found.value = best.files
  }

  function begin(): void {
    steps?.stop()
    steps = inSteps(find(new FileSearch(query(), 'all')))
  }

  watch(query, begin, { flush: 'sync', immediate: true })
  watchThrottled(() => files.count, begin, { throttle: newsRestMs })
  return { files: found, finish: () => steps?.finish() }
}
