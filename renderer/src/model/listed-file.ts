import type { FileView } from '../../../shared/views.ts'
import { foldName } from './file-name.ts'
import { sortKey } from './sort-key.ts'

/** A file with its name as lists compare it: made once each, as a hundred thousand of them are sorted, and searched at each letter typed. */
export interface ListedFile extends FileView {
  readonly folded: string
  readonly sortKey: string
}

export function listed(file: FileView): ListedFile {
  return { ...file, folded: foldName(file.name), sortKey: sortKey(file.name) }
}
