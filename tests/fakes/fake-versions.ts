/** Versions of the fake peer's files, and what happens to them when a person chooses, keeps both or restores: as the real one does it. */

import { AppError } from '../../shared/errors.ts'
import type { FileView, VersionView } from '../../shared/views.ts'

/** Earlier versions that are kept of one name. */
const earlierKept = 5

export interface Writer {
  readonly id: string
  readonly name: string
}

export class FakeVersions {
  readonly #first: (file: FileView) => readonly VersionView[]
  readonly #self: Writer
  readonly #changed = new Map<string, readonly VersionView[]>()
  #made = 0

  /** `first`: the versions of a file that nobody changed yet. */
  constructor(first: (file: FileView) => readonly VersionView[], self: Writer) {
    this.#first = first
    this.#self = self
  }

  /** As in WhereView. */
  of(file: FileView): readonly VersionView[] {
    return this.#changed.get(file.name) ?? this.#first(file)
  }

  /** One of several live versions becomes the only one, or an earlier one the current one: the file's new row. */
  choose(file: FileView, id: string): FileView {
    const versions = this.of(file)
    const chosen = this.#find(file, id)
    const made: VersionView = {
      ...chosen,
      version: `made${++this.#made}`,
      state: 'current',
      storedAt: Date.now(),
      writerId: this.#self.id,
      writerName: this.#self.name,
    }
    const earlier = versions.filter(({ sha256 }) => sha256 !== made.sha256).map((version) => ({ ...version, state: 'earlier' as const }))
    return this.#set(file, [made, ...earlier.slice(0, earlierKept)])
  }

  /** A version leaves for a name of its own: the row that stays and the new one. */
  keepBoth(file: FileView, id: string): { readonly kept: FileView; readonly other: FileView } {
    const chosen = this.#find(file, id)
    const [, stem = file.name, extension = ''] = /^(.*[^/])(\.[^./]+)$/.exec(file.name) ?? []
    const left = this.of(file).filter(({ version }) => version !== id)
    const kept = this.#set(file, [{ ...left[0]!, state: 'current' }, ...left.slice(1)])
    const other = this.#set({ ...file, name: `${stem} (2)${extension}` }, [{ ...chosen, state: 'current' }])
    return { kept, other }
  }

  #find(file: FileView, id: string): VersionView {
    const found = this.of(file).find(({ version }) => version === id)
    if (!found) throw new AppError('not-found', `${file.name} has no such version any more`, { name: file.name })
    return found
  }

  #set(file: FileView, versions: readonly VersionView[]): FileView {
    this.#changed.set(file.name, versions)
    const { sizeBytes, sha256, storedAt, writerId, writerName } = versions[0]!
    const liveVersions = versions.filter(({ state }) => state === 'current' || state === 'conflict').length
    return { ...file, sizeBytes, sha256, storedAt, writerId, writerName, liveVersions }
  }
}
