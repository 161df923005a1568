/** What a drop holds. On the desktop the top-level files and folders as they are; in a browser folders are walked for their files. */

import type { DroppedFile } from '../../../shared/contract.ts'

/** Above this a drop in a browser is cut: each file is one upload. */
export const droppedFilesMax = 50_000

export async function readDrop(data: DataTransfer, host: 'desktop' | 'browser'): Promise<DroppedFile[]> {
  if (host === 'desktop') return [...data.files].map((file) => ({ file, relativePath: file.name }))
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  if (entries.length === 0) return [...data.files].map((file) => ({ file, relativePath: file.name }))
  const found: DroppedFile[] = []
  for (const entry of entries) await walk(entry, found)
  return found
}

async function walk(entry: FileSystemEntry, found: DroppedFile[]): Promise<void> {
  if (found.length >= droppedFilesMax) return
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
    found.push({ file, relativePath: entry.fullPath.replace(/^\//, '') })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (batch.length === 0) return
    for (const child of batch) await walk(child, found)
  }
}
