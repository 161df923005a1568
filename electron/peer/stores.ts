/** What a peer keeps in its data folder whatever ring it is in: identity, settings, ring, records and contents. */

import { randomBytes } from 'node:crypto'
import { chmod, mkdir, rename } from 'node:fs/promises'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import type { Settings } from '../../shared/settings.ts'
import { settingsDefaults } from '../../shared/settings.ts'
import { ContentStore } from './disk/content-store.ts'
import { nodeDisk } from './disk/node-disk.ts'
import { lockFolder, type FolderLock } from './disk/lock.ts'
import { RecordStore } from './disk/record-store.ts'
import { SettingsFile } from './disk/settings-file.ts'
import { Space } from './disk/space.ts'
import { StateFile } from './disk/state-file.ts'
import { parseRingState, type RingState } from './ring-state.ts'
import { parseJournal, type Asked } from './transfer/transfer-journal.ts'
import { loadIdentity, type Identity } from './trust/identity.ts'

export class Stores {
  readonly folder: string
  readonly identity: Identity
  readonly settings: SettingsFile
  readonly ringFile: StateFile<RingState>
  /** What people asked for and is not ended: see transfer-journal.ts. */
  readonly asksFile: StateFile<readonly Asked[]>
  space: Space
  records: RecordStore
  contents: ContentStore
  readonly #lock: FolderLock
  /** What was found damaged and mended or set aside, in words. */
  readonly notes: readonly string[]

  private constructor(opened: {
    folder: string
    identity: Identity
    settings: SettingsFile
    ringFile: StateFile<RingState>
    asksFile: StateFile<readonly Asked[]>
    space: Space
    records: RecordStore
    contents: ContentStore
    lock: FolderLock
    notes: readonly string[]
  }) {
    this.folder = opened.folder
    this.identity = opened.identity
    this.settings = opened.settings
    this.ringFile = opened.ringFile
    this.asksFile = opened.asksFile
    this.space = opened.space
    this.records = opened.records
    this.contents = opened.contents
    this.#lock = opened.lock
    this.notes = opened.notes
  }

  /** Opens, or makes, all of it. Throws `peer-running`, `corrupt`, `disk-full`. */
  static async open(folder: string): Promise<Stores> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
    const lock = await lockFolder(folder)
    try {
      const notes: string[] = []
      const identity = await loadIdentity(folder)
      const settings = SettingsFile.load(folder, defaultSettings())
      notes.push(...settings.notes)
      const ringFile = new StateFile(nodeDisk, join(folder, 'ring.json'), parseRingState)
      const asksFile = new StateFile(nodeDisk, join(folder, 'transfers.json'), parseJournal)
      const space = new Space(nodeDisk, folder, settings.settings.offeredBytes)
      const records = await RecordStore.open(join(folder, 'records'))
      if (records.repaired)
        notes.push('The list of files was damaged and has been repaired; what is missing comes back from the other machines')
      const contents = await openContents(folder, space, records)
      return new Stores({ folder, identity, settings, ringFile, asksFile, space, records, contents, lock, notes })
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  /** Moves records and contents out of the way, to `left-behind-…` in the data folder: nothing is deleted. */
  async setAside(): Promise<void> {
    await this.contents.settled()
    await this.records.close()
    const aside = join(this.folder, `left-behind-${randomBytes(4).toString('hex')}`)
    await mkdir(aside, { recursive: true })
    await rename(join(this.folder, 'records'), join(aside, 'records'))
    await rename(join(this.folder, 'content'), join(aside, 'content'))
    this.records = await RecordStore.open(join(this.folder, 'records'))
    this.space = new Space(nodeDisk, this.folder, this.space.offeredBytes)
    this.contents = await openContents(this.folder, this.space, this.records)
  }

  async close(): Promise<void> {
    await this.contents.settled()
    await this.records.close()
    await this.#lock.release()
  }
}

async function openContents(folder: string, space: Space, records: RecordStore): Promise<ContentStore> {
  const contents = join(folder, 'content')
  const small = await records.smallContents({ disk: nodeDisk, folder: join(contents, 'small') })
  return ContentStore.open(nodeDisk, contents, { space, small })
}

function defaultSettings(): Settings {
  return {
    ...settingsDefaults,
    machineName: hostname().split('.')[0]?.slice(0, 64) || 'This computer',
    sharedFolder: join(homedir(), 'Ringdrop'),
    downloadsFolder: join(homedir(), 'Downloads'),
  }
}
