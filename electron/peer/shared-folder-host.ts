/** Keeps the watched folder in step with the settings: started, stopped and started anew when they change. */

import { join } from 'node:path'
import type { Settings } from '../../shared/settings.ts'
import { SharedFolder } from './folder/shared-folder.ts'

export interface SharedFolderHostOptions {
  readonly dataFolder: string
  /** Stores one file; rejects when it did not work. */
  readonly store: (path: string, name: string) => Promise<void>
  readonly onNote: (text: string) => void
}

export class SharedFolderHost {
  readonly #options: SharedFolderHostOptions
  #folder: SharedFolder | null = null
  #now = ''

  constructor(options: SharedFolderHostOptions) {
    this.#options = options
  }

  /** Watches what the settings say; the same as before costs nothing. A folder that cannot be watched is a note. */
  async follow(settings: Pick<Settings, 'sharedFolder' | 'ignorePatterns'>): Promise<void> {
    const wanted = JSON.stringify([settings.sharedFolder, settings.ignorePatterns])
    if (wanted === this.#now) return
    await this.stop()
    this.#now = wanted
    if (settings.sharedFolder === null) return
    const folder = new SharedFolder({
      folder: settings.sharedFolder,
      ignorePatterns: settings.ignorePatterns,
      store: this.#options.store,
      memoryPath: join(this.#options.dataFolder, 'shared-folder.json'),
      // as many as fill the packs that are under way
      concurrency: 1_024,
      onNote: this.#options.onNote,
    })
    this.#folder = folder
    try {
      await folder.start()
    } catch (error) {
      this.#options.onNote(
        `The shared folder ${settings.sharedFolder} cannot be watched: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }

  /** The app itself wrote `path`: not to be stored again. */
  written(path: string): void {
    const done = this.#folder?.expectWrite(path)
    void done?.()
  }

  async stop(): Promise<void> {
    const folder = this.#folder
    this.#folder = null
    this.#now = ''
    await folder?.stop()
  }
}
