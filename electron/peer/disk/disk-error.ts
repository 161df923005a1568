/** What system calls throw, as the errors of the port (disk.ts). */

import { AppError } from '../../../shared/errors.ts'

/** What a system call threw, as an AppError that names the path. */
export function diskError(thrown: unknown, path: string): AppError {
  if (thrown instanceof AppError) return thrown
  const code = errorCode(thrown)
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AppError('disk-full', `No room on the disk of ${path}`, { path })
  if (code === 'ENOENT' || code === 'ENOTDIR') return new AppError('not-found', `No such file: ${path}`, { path })
  if (code === 'EEXIST') return new AppError('already-exists', `Already there: ${path}`, { path })
  if (code === 'EACCES' || code === 'EPERM') return new AppError('file-unreadable', `${path} may not be opened by this user`, { path })
  return new AppError('file-unreadable', message, { path })
}

/** As the system names it, `ENOENT` for example; empty for what is no such error. */
export function errorCode(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : ''
}
