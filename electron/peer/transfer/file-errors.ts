/** What a failed file operation on a person's own file means, in words. */

import { AppError } from '../../../shared/errors.ts'

/** A local file that could not be read, with the reason a person can act on. */
export function unreadable(path: string, error: unknown): AppError {
  if (error instanceof AppError && error.code === 'file-unreadable') return error
  if (error instanceof AppError && error.code === 'not-found') return new AppError('file-unreadable', `${path} is not there`, { path })
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const why: Record<string, string> = {
    ENOENT: 'is not there',
    EACCES: 'may not be read by this user',
    EPERM: 'may not be read by this user',
    EISDIR: 'is a folder',
    ENAMETOOLONG: 'has a name that is too long',
    ENOTDIR: 'is not there',
  }
  return new AppError('file-unreadable', `${path} ${why[code] ?? `cannot be read (${code || String(error)})`}`, { path })
}
