/**
 * The disk as a port: what the stores need of a file system and nothing more, so that a fake can fail, tear and fill up.
 * Errors come out as AppError: disk-full, not-found, already-exists, and file-unreadable for all else.
 */

import type { AppError } from '../../../shared/errors.ts'

/** `read`: existing, read only. `write`: existing or new, kept bytes. `new`: refused with already-exists when there. */
export type OpenMode = 'read' | 'write' | 'new'
export type EntryKind = 'file' | 'folder' | 'other'

export interface DiskEntry {
  readonly name: string
  readonly kind: EntryKind
}

export interface DiskStat {
  /** Symbolic links are `other`: they are never followed. */
  readonly kind: EntryKind
  readonly sizeBytes: number
  /** Unix ms, with fractions where the file system has them. */
  readonly modifiedMs: number
}

export interface DiskRoom {
  readonly freeBytes: number
  readonly totalBytes: number
}

export interface DiskFile {
  /** Of what is open, whatever its name leads to now. */
  stat(): Promise<DiskStat>
  /** Fills `buffer` from `position`; fewer bytes than asked only at the end of the file. Result: bytes read. */
  read(buffer: Uint8Array, position: number): Promise<number>
  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /** The bytes written so far survive a power cut. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** A file that was read in one go, with the SHA-256 of its bytes. */
export interface WholeFile {
  readonly bytes: Uint8Array
  readonly sha256: Uint8Array
}

export interface WholeFiles {
  /** For each: null when it is no regular file or has more than the limit; an error when it cannot be read, or AppError('changed-while-reading'). */
  readonly files: readonly (WholeFile | null | AppError)[]
  /** To be called when nobody looks at their bytes any more, which go to others then; or never. */
  readonly release: () => void
}

export interface NewFile {
  readonly path: string
  /** Hidden, in the same folder: what it is called until it is whole. What lies there is replaced. */
  readonly part: string
  readonly bytes: Uint8Array
}

export interface Disk {
  open(path: string, mode: OpenMode): Promise<DiskFile>
  /** Replaces what is at `to`. Durable only after `syncFolder`. */
  rename(from: string, to: string): Promise<void>
  /** Like rename, but AppError('already-exists') when something is at `to`, without a moment in which both could win. */
  renameNew(from: string, to: string): Promise<void>
  /** A missing file is no error. */
  remove(path: string): Promise<void>
  /** Entries in no order; empty for a missing folder. */
  list(folder: string): Promise<readonly DiskEntry[]>
  /** Null when nothing is there. */
  stat(path: string): Promise<DiskStat | null>
  /** With parents; durable; an existing folder is no error. */
  makeFolder(folder: string): Promise<void>
  /** Names made, renamed and removed in `folder` survive a power cut. */
  syncFolder(folder: string): Promise<void>
  room(folder: string): Promise<DiskRoom>
  /** A copy that shares its blocks with the original until either changes; false where the file system cannot. */
  clone(from: string, to: string): Promise<boolean>
  /** Small files of up to `limitBytes` each, every one in one go. */
  readWhole(paths: readonly string[], limitBytes: number): Promise<WholeFiles>
  /**
   * Small new files in folders that are there, each whole and synced before it has its name, as by `renameNew`. For each: null, or why it is not
   * there. Durable only after `syncFolder`.
   */
  writeWhole(files: readonly NewFile[]): Promise<readonly (AppError | null)[]>
}
