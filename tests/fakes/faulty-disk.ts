/**
 * A disk in memory that can fill up, fail, rot and lose power. Bytes written but not synced may be lost or torn by `crash`; names made,
 * renamed or removed may be lost until their folder is synced. Deterministic: the same seed loses the same bytes.
 */

import { dirname } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import type { Disk, DiskEntry, DiskFile, DiskRoom, DiskStat, NewFile, OpenMode, WholeFiles } from '../../electron/peer/disk/disk.ts'
import { readWhole, writeWhole } from './whole-files.ts'

interface Inode {
  bytes: Uint8Array
  /** What survives a crash. */
  synced: Uint8Array
  modifiedMs: number
}

type Entry = Inode | 'folder'
export type DiskOperation = 'open' | 'read' | 'write' | 'sync' | 'rename' | 'remove' | 'syncFolder' | 'clone'

export interface FaultyDiskOptions {
  /** Size of the disk in bytes. Default 100 GB. */
  readonly totalBytes?: number
  /** What a crash loses. Default 1. */
  readonly seed?: number
  /** Whether `clone` works. Default false. */
  readonly clones?: boolean
  /** Unix ms of what is written now. Default: one more with each operation. */
  readonly wallClock?: () => number
  /** How long an operation takes. Default: one moment. */
  readonly pause?: (operation: DiskOperation) => Promise<void>
}

export class FaultyDisk implements Disk {
  /** How often each operation was asked for. */
  readonly counts = new Map<DiskOperation, number>()
  totalBytes: number
  readonly #clones: boolean
  readonly #pause: (operation: DiskOperation) => Promise<void>
  readonly #wallClock: () => number
  readonly #live = new Map<string, Entry>([['/', 'folder']])
  readonly #durable = new Map<string, Entry>([['/', 'folder']])
  #faults: { operation: DiskOperation; after: number; error: AppError; matches: string }[] = []
  #dead = false
  #clockMs = 1_700_000_000_000
  #random: number

  constructor(options: FaultyDiskOptions = {}) {
    this.totalBytes = options.totalBytes ?? 100_000_000_000
    this.#clones = options.clones ?? false
    // like a real disk: never done in the same moment
    this.#pause = options.pause ?? (() => Promise.resolve())
    this.#wallClock = options.wallClock ?? (() => ++this.#clockMs)
    this.#random = options.seed ?? 1
  }

  /** The operation on a path containing `matches` fails once, after `after` more that do not. */
  failNext(operation: DiskOperation, { after = 0, code = 'file-unreadable', matches = '' } = {}): void {
    const error = new AppError(code as AppError['code'], `Made to fail: ${operation}`)
    this.#faults.push({ operation, after, error, matches })
  }

  /** Faults that did not happen yet will not. */
  heal(): void {
    this.#faults = []
  }

  /** The power goes: this disk is dead to whoever still uses it. Result: the disk as the next start finds it. */
  crash(): FaultyDisk {
    this.#dead = true
    const folders = new Set([...this.#live.keys(), ...this.#durable.keys()].map((path) => dirname(path)))
    for (const folder of folders) {
      // a folder that was not synced may, or may not, have reached the disk as a whole
      if (this.#chance() < 0.5) this.#persist(folder)
    }
    const next = this.#next()
    for (const [path, entry] of this.#durable) {
      const left = entry === 'folder' ? entry : this.#torn(entry)
      next.#live.set(path, left)
      next.#durable.set(path, left)
    }
    return next
  }

  /** The process is killed, the power stays: as `crash`, with nothing lost. */
  kill(): FaultyDisk {
    this.#dead = true
    const next = this.#next()
    for (const [path, entry] of this.#live) next.#live.set(path, entry)
    for (const [path, entry] of this.#durable) next.#durable.set(path, entry)
    return next
  }

  /** Whether the bytes at `path` would survive if its name did. */
  isSynced(path: string): boolean {
    const inode = this.#inode(path)
    return inode.synced === inode.bytes
  }

  /** What is at `path` now; null when nothing is. */
  bytes(path: string): Uint8Array | null {
    const entry = this.#live.get(path)
    return entry && entry !== 'folder' ? entry.bytes : null
  }

  /** Unix ms of the last write to the file at `path`. */
  modifiedMs(path: string): number {
    return this.#inode(path).modifiedMs
  }

  /** One byte at `position` is not what was written. */
  rot(path: string, position: number): void {
    const inode = this.#inode(path)
    const isSynced = inode.synced === inode.bytes
    inode.bytes = inode.bytes.slice()
    inode.bytes[position] = (inode.bytes[position] ?? 0) ^ 1
    inode.synced = isSynced ? inode.bytes : inode.synced.map((byte, at) => (at === position ? byte ^ 1 : byte))
  }

  /** The end of a file is lost. */
  cut(path: string, lengthBytes: number): void {
    const inode = this.#inode(path)
    inode.bytes = inode.bytes.slice(0, lengthBytes)
    inode.synced = inode.bytes
  }

  /** What is at `path`, or in a part of it that is never written twice, for sure after the power went now; null when nothing is. */
  durable(path: string, part?: { readonly offsetBytes: number; readonly sizeBytes: number }): Uint8Array | null {
    const entry = this.#durable.get(path)
    if (part?.sizeBytes === 0) return new Uint8Array(0)
    if (!entry || entry === 'folder') return null
    if (!part) return entry.synced === entry.bytes ? entry.synced : null
    const bytes = entry.synced.subarray(part.offsetBytes, part.offsetBytes + part.sizeBytes)
    return bytes.length === part.sizeBytes ? bytes : null
  }

  /** Paths of all files, sorted. */
  files(): string[] {
    return [...this.#live].flatMap(([path, entry]) => (entry === 'folder' ? [] : [path])).sort()
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    await this.#begin('open', path)
    const known = this.#live.get(path)
    if (known === 'folder') throw new AppError('file-unreadable', `A folder: ${path}`)
    if (mode === 'new' && known) throw new AppError('already-exists', `Already there: ${path}`)
    if (mode === 'read' && !known) throw new AppError('not-found', `No such file: ${path}`)
    if (!known && this.#live.get(dirname(path)) !== 'folder') throw new AppError('not-found', `No such folder: ${dirname(path)}`)
    const inode = known ?? { bytes: new Uint8Array(0), synced: new Uint8Array(0), modifiedMs: this.#wallClock() }
    this.#live.set(path, inode)
    return this.#handle(path, inode, mode)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#begin('rename', to)
    this.#move(from, to)
  }

  async renameNew(from: string, to: string): Promise<void> {
    await this.#begin('rename', to)
    if (this.#live.has(to)) throw new AppError('already-exists', `Already there: ${to}`)
    this.#move(from, to)
  }

  #move(from: string, to: string): void {
    const inode = this.#inode(from)
    if (this.#live.get(dirname(to)) !== 'folder') throw new AppError('not-found', `No such folder: ${dirname(to)}`)
    this.#live.delete(from)
    this.#live.set(to, inode)
  }

  async remove(path: string): Promise<void> {
    await this.#begin('remove', path)
    if (this.#live.get(path) === 'folder') throw new AppError('file-unreadable', `A folder: ${path}`)
    this.#live.delete(path)
  }

  list(folder: string): Promise<readonly DiskEntry[]> {
    const entries: DiskEntry[] = []
    for (const [path, entry] of this.#live) {
      if (dirname(path) === folder && path !== folder) {
        entries.push({ name: path.slice(folder === '/' ? 1 : folder.length + 1), kind: entry === 'folder' ? 'folder' : 'file' })
      }
    }
    return Promise.resolve(entries)
  }

  stat(path: string): Promise<DiskStat | null> {
    const entry = this.#live.get(path)
    if (!entry) return Promise.resolve(null)
    if (entry === 'folder') return Promise.resolve({ kind: 'folder', sizeBytes: 0, modifiedMs: 0 })
    return Promise.resolve({ kind: 'file', sizeBytes: entry.bytes.length, modifiedMs: entry.modifiedMs })
  }

  async makeFolder(folder: string): Promise<void> {
    const known = this.#live.get(folder)
    if (known === 'folder') return
    if (known) throw new AppError('already-exists', `A file: ${folder}`)
    await this.makeFolder(dirname(folder))
    this.#live.set(folder, 'folder')
    this.#durable.set(folder, 'folder')
  }

  async syncFolder(folder: string): Promise<void> {
    await this.#begin('syncFolder', folder)
    this.#assertPower()
    this.#persist(folder)
  }

  room(): Promise<DiskRoom> {
    return Promise.resolve({ freeBytes: this.#freeBytes(), totalBytes: this.totalBytes })
  }

  async clone(from: string, to: string): Promise<boolean> {
    await this.#begin('clone', from)
    const inode = this.#inode(from)
    if (!this.#clones) return false
    this.#live.set(to, { bytes: inode.bytes.slice(), synced: new Uint8Array(0), modifiedMs: this.#wallClock() })
    return true
  }

  readWhole(paths: readonly string[], limitBytes: number): Promise<WholeFiles> {
    return readWhole(this, paths, limitBytes)
  }

  writeWhole(files: readonly NewFile[]): Promise<(AppError | null)[]> {
    return writeWhole(this, files)
  }

  #handle(path: string, inode: Inode, mode: OpenMode): DiskFile {
    const begin = (operation: DiskOperation): Promise<void> => this.#begin(operation, path)
    return {
      stat: () => Promise.resolve({ kind: 'file', sizeBytes: inode.bytes.length, modifiedMs: inode.modifiedMs }),
      read: async (buffer, position) => {
        await begin('read')
        const part = inode.bytes.subarray(position, position + buffer.length)
        buffer.set(part)
        return part.length
      },
      write: async (bytes, position) => {
        await begin('write')
        if (mode === 'read') throw new AppError('file-unreadable', 'Opened for reading')
        const end = Math.max(inode.bytes.length, position + bytes.length)
        if (end - inode.bytes.length > this.#freeBytes()) throw new AppError('disk-full', 'No room on the disk')
        inode.bytes = writable(inode, end)
        inode.bytes.set(bytes, position)
        inode.modifiedMs = this.#wallClock()
      },
      sync: async () => {
        await begin('sync')
        this.#assertPower()
        inode.synced = inode.bytes
      },
      close: () => Promise.resolve(),
    }
  }

  async #begin(operation: DiskOperation, path: string): Promise<void> {
    this.counts.set(operation, (this.counts.get(operation) ?? 0) + 1)
    await this.#pause(operation)
    this.#assertPower()
    const fault = this.#faults.find((other) => other.operation === operation && path.includes(other.matches) && other.after-- === 0)
    if (!fault) return
    this.#faults = this.#faults.filter((other) => other !== fault)
    throw fault.error
  }

  #assertPower(): void {
    if (this.#dead) throw new AppError('file-unreadable', 'The power went')
  }

  #persist(folder: string): void {
    const within = (path: string): boolean => dirname(path) === folder && path !== folder
    for (const path of [...this.#durable.keys()]) if (within(path) && !this.#live.has(path)) this.#durable.delete(path)
    for (const [path, entry] of this.#live) if (within(path)) this.#durable.set(path, entry)
  }

  /** Of what was not synced, any part may have reached the disk, in pieces of 512 bytes. */
  #torn(inode: Inode): Inode {
    const length = this.#chance() < 0.5 ? inode.synced.length : inode.bytes.length
    const torn = new Uint8Array(length)
    for (let at = 0; at < length; at += 512) {
      const source = this.#chance() < 0.5 ? inode.synced : inode.bytes
      torn.set(source.subarray(at, Math.min(at + 512, length)), at)
    }
    const bytes = inode.synced === inode.bytes ? inode.bytes : torn
    return { bytes, synced: bytes, modifiedMs: inode.modifiedMs }
  }

  #next(): FaultyDisk {
    const options = { totalBytes: this.totalBytes, seed: this.#random, clones: this.#clones }
    return new FaultyDisk({ ...options, pause: this.#pause, wallClock: this.#wallClock })
  }

  #inode(path: string): Inode {
    const entry = this.#live.get(path)
    if (!entry || entry === 'folder') throw new AppError('not-found', `No such file: ${path}`)
    return entry
  }

  #freeBytes(): number {
    let used = 0
    for (const entry of new Set(this.#live.values())) if (entry !== 'folder') used += entry.bytes.length
    return Math.max(0, this.totalBytes - used)
  }

  #chance(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0
    return this.#random / 2 ** 32
  }
}

/** The bytes of `inode` with room up to `end`; what was synced stays as it was. */
function writable(inode: Inode, end: number): Uint8Array {
  const { bytes, synced } = inode
  if (bytes !== synced && bytes.buffer.byteLength >= end) return new Uint8Array(bytes.buffer, 0, end)
  const grown = new Uint8Array(bytes === synced ? end : Math.max(end, 2 * bytes.length))
  grown.set(bytes)
  return grown.subarray(0, end)
}
