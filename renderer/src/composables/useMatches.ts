/** The first few names that fit what is typed: those whose own name begins so come first. */

import { computed, type ComputedRef } from 'vue'
import type { FileView } from '../../../shared/views.ts'
import { foldName, splitName } from '../model/file-name.ts'
import { foldedName } from '../model/name-keys.ts'
import { useFiles } from '../stores/files.ts'

export const matchesMax = 5

export function findMatches(files: Iterable<FileView>, query: string): FileView[] {
  const wanted = foldName(query.trim())
  if (wanted === '') return []
  const first: FileView[] = []
  const rest: FileView[] = []
  for (const file of files) {
    const name = foldedName(file.name)
    if (!name.includes(wanted)) continue
    if (name === wanted) first.unshift(file)
    else if (first.length < matchesMax && foldName(splitName(file.name).base).startsWith(wanted)) first.push(file)
    else if (rest.length < matchesMax) rest.push(file)
  }
  return [...first, ...rest].slice(0, matchesMax)
}

export function useMatches(query: () => string): ComputedRef<FileView[]> {
  const files = useFiles()
  return computed(() => findMatches(files.byName.values(), query()))
}
