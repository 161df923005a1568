/** What a disk does with small files in one go, made of the steps that it does one by one: each of them can fail, tear and wait. */

import { AppError } from '../../shared/errors.ts'
import { createHash } from 'node:crypto'
import type { Disk, NewFile, WholeFile, WholeFiles } from '../../electron/peer/disk/disk.ts'

type Steps = Pick<Disk, 'open' | 'remove' | 'renameNew'>

export async function readWhole(disk: Steps, paths: readonly string[], limitBytes: number): Promise<WholeFiles> {
  const files = await Promise.all(paths.map((path) => orError(readOne(disk, path, limitBytes))))
  return { files, release: () => undefined }
}

async function readOne(disk: Steps, path: string, limitBytes: number): Promise<WholeFile | null> {
  const file = await disk.open(path, 'read')
  try {
    const before = await file.stat()
    if (before.kind !== 'file' || before.sizeBytes > limitBytes) return null
    const bytes = new Uint8Array(before.sizeBytes)
    const count = await file.read(bytes, 0)
    const after = await file.stat()
    const isSame = count === before.sizeBytes && after.sizeBytes === before.sizeBytes && after.modifiedMs === before.modifiedMs
    if (!isSame) throw new AppError('changed-while-reading', `${path} changed while it was read`)
    return { bytes, sha256: createHash('sha256').update(bytes).digest() }
  } finally {
    await file.close()
  }
}

export async function writeWhole(disk: Steps, files: readonly NewFile[]): Promise<(AppError | null)[]> {
  return Promise.all(files.map((file) => orError(writeOne(disk, file).then(() => null))))
}

async function writeOne(disk: Steps, { path, part, bytes }: NewFile): Promise<void> {
  await disk.remove(part)
  const file = await disk.open(part, 'new')
  try {
    await file.write(bytes, 0)
    await file.sync()
    await file.close()
    await disk.renameNew(part, path)
  } catch (thrown) {
    await disk.remove(part)
    throw thrown
  }
}

async function orError<T>(work: Promise<T>): Promise<T | AppError> {
  try {
    return await work
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code !== 'internal') return thrown
    throw thrown
  }
}
