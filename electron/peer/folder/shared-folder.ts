/**
 * The watched folder: what is put in is stored in the ring under its relative path, once it has stopped changing; a change is a new
 * version. A file deleted here stays in the ring. What the app itself writes here is not stored again, nor is what was stored before.
 */

import { realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import { nodeDisk } from '../disk/node-disk.ts'
import type { Disk } from '../disk/disk.ts'
import { checkRingName } from '../disk/safe-name.ts'
import { StoredFiles } from '../disk/stored-files.ts'
import type { FileState } from '../disk/stored-files.ts'
import { Arrivals, sameState } from './arrivals.ts'
import { chokidarWatch, walkFolder } from './folder-watch.ts'
import type { FolderWatch, StartWatch } from './folder-watch.ts'
import { ignoreMatcher } from './ignore.ts'

export interface SharedFolderOptions {
  /** Absolute path; made when missing. */
  readonly folder: string
  /** Patterns of base names to leave alone besides the built-in ones. */
  readonly ignorePatterns: readonly string[]
  /** Stores one file under its ring name. Rejected with changed-while-reading it is looked at again, else tried again after `retryMs`. */
  readonly store: (path: string, name: string) => Promise<void>
  /** File that remembers what was stored, so that a restart does not store it again; absent = only in `isKnown`'s memory. */
  readonly memoryPath?: string
  /** Asked before a file is stored: true leaves it alone. */
  readonly isKnown?: (name: string, sizeBytes: number, modifiedMs: number) => Promise<boolean>
  /** Something a person should know: names the file. */
  readonly onNote: (note: string) => void
  /** Files stored at once, 1 to 4. Default 2. More helps with many small files. */
  readonly concurrency?: number
  /** How long a file must not have changed, in ms. Default 2 000: slower copies are stored half-way when less. */
  readonly steadyMs?: number
  /** Time between walks through the folder, in ms. Default 600 000, against missed news; 30 000 where the system has no watches left. */
  readonly rescanMs?: number
  /** Time until a failed store is tried again, in ms. Default 60 000. */
  readonly retryMs?: number
  readonly disk?: Disk
  readonly watch?: StartWatch
}

const rescanDefaultMs = 600_000
const rescanUnwatchedMs = 30_000
/** How long `expectWrite` holds when nobody says that the write is done, in ms. */
const expectMs = 60_000
/** Files that were told of as failing or refused: each once. */
/** Files that are being stored at the same time: whoever stores them may do it in packs. */
const concurrencyMax = 1_024
const maxNoted = 10_000

export class SharedFolder {
  readonly #options: SharedFolderOptions
  readonly #disk: Disk
  readonly #steadyMs: number
  readonly #arrivals: Arrivals
  readonly #ignored: (baseName: string) => boolean
  readonly #active = new Map<string, Promise<void>>()
  readonly #expected = new Map<string, number>()
  readonly #noted = new Set<string>()
  #root: string
  #stored: StoredFiles | null = null
  #watch: FolderWatch | null = null
  #timer: NodeJS.Timeout | null = null
  #rescanTimer: NodeJS.Timeout | null = null
  #looking: Promise<void> = Promise.resolve()
  #walking: Promise<void> | null = null
  #running = false
  #taking = false
  #taken: Promise<void> = Promise.resolve()
  #onReady: () => void = () => undefined

  constructor(options: SharedFolderOptions) {
    this.#options = options
    this.#disk = options.disk ?? nodeDisk
    this.#steadyMs = options.steadyMs ?? 2_000
    this.#arrivals = new Arrivals(this.#steadyMs)
    this.#ignored = ignoreMatcher(options.ignorePatterns)
    this.#root = options.folder
  }

  /** True while the system tells of changes; false where the folder is walked through instead. */
  get watched(): boolean {
    return this.#watch !== null
  }

  /** Files that wait to be stored or are being stored. */
  get waiting(): number {
    return this.#arrivals.size + this.#active.size
  }

  /** Begins; resolves once everything that is there has been seen. AppError when the folder cannot be made or read. */
  async start(): Promise<void> {
    if (this.#running) return
    const { folder, memoryPath } = this.#options
    if (!isAbsolute(folder)) throw new AppError('bad-argument', `Not an absolute path: ${folder}`, { path: folder })
    await this.#disk.makeFolder(folder)
    this.#root = await realpath(folder)
    if (memoryPath !== undefined) this.#stored = await StoredFiles.open(this.#disk, memoryPath)
    this.#running = true
    await this.#startWatch()
    if (this.#isRunning()) this.#planRescan()
  }

  /** Ends; waits for what is being stored right now. */
  async stop(): Promise<void> {
    if (!this.#running) return
    this.#running = false
    if (this.#timer) clearTimeout(this.#timer)
    if (this.#rescanTimer) clearTimeout(this.#rescanTimer)
    await this.#stopWatch()
    this.#onReady()
    await this.#looking
    await this.#walking
    await this.#taken
    await Promise.allSettled(this.#active.values())
    await this.#stored?.close()
    this.#stored = null
  }

  /**
   * The app is about to write this path itself: what lies there once it stands still is not stored. Call the result once it is written,
   * so that a person's change right afterwards counts; uncalled, the first state within a minute is taken for the app's own.
   */
  expectWrite(path: string): () => Promise<void> {
    const name = this.#nameOf(path)
    if (name === null) return () => Promise.resolve()
    this.#expected.set(name, Date.now() + expectMs)
    return async () => {
      const state = await this.#stateOf(name)
      if (state) this.#stored?.add(name, state)
      // without a memory file the expectation itself has to last until the file is looked at
      if (this.#stored) this.#expected.delete(name)
    }
  }

  /** Looks through the whole folder now. */
  rescan(): Promise<void> {
    this.#walking ??= this.#walk().finally(() => {
      this.#walking = null
    })
    return this.#walking
  }

  async #startWatch(): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      this.#onReady = resolve
    })
    this.#watch = (this.#options.watch ?? chokidarWatch)(this.#root, this.#ignored, {
      onFile: (path, state) => {
        this.#see(path, state)
      },
      onReady: () => {
        this.#onReady()
      },
      onError: (error, outOfWatches) => {
        if (!outOfWatches) this.#note(error.message, `The shared folder could not be watched in full: ${error.message}`)
        // a watcher must not be closed inside its own first event
        else setImmediate(() => void this.#giveUpWatching())
      },
    })
    await ready
  }

  async #giveUpWatching(): Promise<void> {
    if (!this.#watch || !this.#running) return
    const seconds = (this.#options.rescanMs ?? rescanUnwatchedMs) / 1000
    this.#options.onNote(
      `The system has no watches left for ${this.#root}: it is looked through every ${seconds} s instead. Raising fs.inotify.max_user_watches helps`,
    )
    await this.#stopWatch()
    await this.rescan()
    this.#onReady()
    this.#planRescan()
  }

  async #stopWatch(): Promise<void> {
    const watch = this.#watch
    this.#watch = null
    if (!watch) return
    await new Promise((resolve) => setImmediate(resolve))
    await watch.close()
  }

  #planRescan(): void {
    if (this.#rescanTimer) clearTimeout(this.#rescanTimer)
    const wait = this.#options.rescanMs ?? (this.#watch ? rescanDefaultMs : rescanUnwatchedMs)
    this.#rescanTimer = setTimeout(() => {
      void this.rescan().then(() => {
        if (this.#isRunning()) this.#planRescan()
      })
    }, wait)
    this.#rescanTimer.unref()
  }

  async #walk(): Promise<void> {
    const walk = { folder: this.#root, ignored: this.#ignored, stopped: () => !this.#running }
    for await (const { path, state } of walkFolder(this.#disk, walk)) this.#see(path, state)
  }

  #see(path: string, state: FileState): void {
    if (!this.#running) return
    const name = this.#nameOf(path)
    if (name === null || this.#stored?.has(name, state)) return
    const check = checkRingName(name)
    if (!check.ok) {
      this.#note(name, `${path} is not stored: ${check.reason}`)
      return
    }
    this.#arrivals.see(name, state, { now: Date.now() })
    this.#planLook()
  }

  #planLook(): void {
    if (this.#timer || !this.#running) return
    const due = this.#arrivals.nextDue()
    if (due === null) return
    // never much longer than what a file seen meanwhile has to wait
    const wait = Math.min(Math.max(0, due - Date.now()), this.#steadyMs)
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        this.#timer = null
        this.#planLook()
      })
    }, wait)
  }

  async #look(): Promise<void> {
    const now = Date.now()
    for (const name of this.#arrivals.due(now)) {
      if (!this.#running) return
      this.#arrivals.looked(name, await this.#stateOf(name), now)
    }
    this.#continue()
  }

  /** Starts what is ready, strictly in order: looked at one by one, stored a few at once. */
  async #storeNext(): Promise<void> {
    this.#taking = true
    const concurrency = Math.min(concurrencyMax, Math.max(1, this.#options.concurrency ?? 2))
    while (this.#running && this.#active.size < concurrency) {
      const name = this.#arrivals.take((other) => this.#active.has(other))
      if (name === null) break
      const state = await this.#stateOf(name)
      if (state === null || !(await this.#isWanted(name, state)) || !this.#isRunning()) continue
      const work = this.#store(name, state).finally(() => {
        this.#active.delete(name)
        this.#continue()
      })
      this.#active.set(name, work)
    }
    this.#taking = false
    if (this.#arrivals.takeOverflow()) void this.rescan()
  }

  /** Asked again after a wait: `stop` may have come meanwhile. */
  #isRunning(): boolean {
    return this.#running
  }

  #continue(): void {
    if (!this.#taking) this.#taken = this.#storeNext()
    this.#planLook()
  }

  async #isWanted(name: string, state: FileState): Promise<boolean> {
    if (this.#stored?.has(name, state)) return false
    const own = this.#takeExpected(name)
    // who cannot tell does not keep a file from being stored
    const known = own || ((await this.#options.isKnown?.(name, state.sizeBytes, state.modifiedMs).catch(() => false)) ?? false)
    if (known) this.#stored?.add(name, state)
    return !known
  }

  async #store(name: string, before: FileState): Promise<void> {
    try {
      await this.#options.store(this.#pathOf(name), name)
    } catch (thrown) {
      this.#failed(name, before, thrown)
      return
    }
    this.#noted.delete(name)
    this.#stored?.add(name, before)
    const after = await this.#stateOf(name)
    if (after && !sameState(before, after)) this.#arrivals.see(name, after, { now: Date.now() })
  }

  #failed(name: string, state: FileState, thrown: unknown): void {
    const changed = thrown instanceof AppError && thrown.code === 'changed-while-reading'
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    if (!changed) this.#note(name, `${this.#pathOf(name)} could not be stored: ${message}`)
    this.#arrivals.see(name, state, { now: Date.now(), delayMs: changed ? 0 : (this.#options.retryMs ?? 60_000) })
  }

  #takeExpected(name: string): boolean {
    const until = this.#expected.get(name)
    for (const [other, end] of this.#expected) if (other === name || end < Date.now()) this.#expected.delete(other)
    return until !== undefined && until >= Date.now()
  }

  #note(about: string, note: string): void {
    if (this.#noted.has(about) || this.#noted.size >= maxNoted) return
    this.#noted.add(about)
    this.#options.onNote(note)
  }

  async #stateOf(name: string): Promise<FileState | null> {
    const stat = await this.#disk.stat(this.#pathOf(name)).catch(() => null)
    return stat?.kind === 'file' ? { sizeBytes: stat.sizeBytes, modifiedMs: stat.modifiedMs } : null
  }

  #pathOf(name: string): string {
    return join(this.#root, ...name.split('/'))
  }

  /** The name of a path in this folder, or null for one outside. */
  #nameOf(path: string): string | null {
    for (const root of [this.#root, this.#options.folder]) {
      const name = relative(root, path)
      if (name !== '' && !name.startsWith(`..${sep}`) && name !== '..' && !isAbsolute(name)) return name.split(sep).join('/')
    }
    return null
  }
}
