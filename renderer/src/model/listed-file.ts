import type { FileView } from '../../../shared/views.ts'
import { foldName } from './file-name.ts'

/** A file with its name as searches compare it: made once, as a letter typed compares a hundred thousand of them. */
export interface ListedFile extends FileView {
  readonly folded: string
}

export function listed(file: FileView): ListedFile {
  return { ...file, folded: foldName(file.name) }
}
