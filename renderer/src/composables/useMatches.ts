/** The first few names that fit what is typed: those whose own name begins so come first. */

import { computed, type ComputedRef } from 'vue'
import { foldName } from '../model/file-name.ts'
import type { ListedFile } from '../model/listed-file.ts'
import { useFiles } from '../stores/files.ts'

export const matchesMax = 5

export function findMatches(files: Iterable<ListedFile>, query: string): ListedFile[] {
  const wanted = foldName(query.trim())
  if (wanted === '') return []
  const first: ListedFile[] = []
  const rest: ListedFile[] = []
  for (const file of files) {
    const { folded } = file
    if (!folded.includes(wanted)) continue
    if (folded === wanted) first.unshift(file)
    else if (first.length < matchesMax && folded.startsWith(wanted, folded.lastIndexOf('/') + 1)) first.push(file)
    else if (rest.length < matchesMax) rest.push(file)
  }
  return [...first, ...rest].slice(0, matchesMax)
}

export function useMatches(query: () => string): ComputedRef<ListedFile[]> {
  const files = useFiles()
  return computed(() => findMatches(files.byName.values(), query()))
}
