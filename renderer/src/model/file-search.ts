/** What a person looks for among the files: by a part of the name, by state. */

import type { FileState } from '../../../shared/views.ts'
import { foldName } from './file-name.ts'
import { filesAStep } from './file-order.ts'
import type { ListedFile } from './listed-file.ts'

export type FileFilter = 'all' | 'conflict' | 'away' | 'trash' | Exclude<FileState, 'safe' | 'checking'>

export const matchesMax = 5

export function matchesFilter(file: ListedFile, filter: FileFilter): boolean {
  if (filter === 'all') return true
  if (filter === 'conflict') return file.liveVersions > 1
  if (filter === 'away') return !file.here
  // what is in the trash is no file of the list
  if (filter === 'trash') return false
  return file.state === filter
}

export class FileSearch {
  /** As it is compared; '' fits every name. */
  readonly text: string
  readonly filter: FileFilter

  constructor(query: string, filter: FileFilter) {
    this.text = foldName(query.trim())
    this.filter = filter
  }

  /** Every file is looked for. */
  get isForAll(): boolean {
    return this.text === '' && this.filter === 'all'
  }

  isAs(other: FileSearch): boolean {
    return this.text === other.text && this.filter === other.filter
  }

  hasName({ folded }: ListedFile): boolean {
    return folded.includes(this.text)
  }

  hasState(file: ListedFile): boolean {
    return matchesFilter(file, this.filter)
  }

  /** Hands on those of `files` whose names fit. Rests as `sorted` does. */
  *named(files: Iterable<ListedFile>, take: (file: ListedFile) => void): Generator<void, void> {
    let looked = 0
    for (const file of files) {
      if (this.hasName(file)) take(file)
      if (looked++ % filesAStep === 0) yield
    }
  }
}

/** The first few of the files whose names fit: those that are called so come first, then those whose own name begins so. */
export class BestMatches {
  readonly #text: string
  readonly #exact: ListedFile[] = []
  readonly #first: ListedFile[] = []
  readonly #rest: ListedFile[] = []

  constructor({ text }: FileSearch) {
    this.#text = text
  }

  /** `file` has the text in its name. */
  add(file: ListedFile): void {
    if (this.#text === '') return
    const { folded } = file
    if (folded === this.#text) this.#exact.push(file)
    else if (this.#first.length >= matchesMax) return
    else if (folded.startsWith(this.#text, folded.lastIndexOf('/') + 1)) this.#first.push(file)
    else if (this.#rest.length < matchesMax) this.#rest.push(file)
  }

  get files(): readonly ListedFile[] {
    return [...this.#exact, ...this.#first, ...this.#rest].slice(0, matchesMax)
  }
}
