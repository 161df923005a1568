/** A ring name is a path with `/`: the folder part is shown dim, the extension as the icon's letters. */

export interface NameParts {
  readonly folder: string
  readonly base: string
  readonly kind: string
}

export function splitName(name: string): NameParts {
  const slash = name.lastIndexOf('/')
  const base = name.slice(slash + 1)
  const dot = base.lastIndexOf('.')
  const extension = dot > 0 ? base.slice(dot + 1) : ''
  return { folder: name.slice(0, slash + 1), base, kind: extension.length > 0 && extension.length <= 4 ? extension.toUpperCase() : '' }
}

/** The shell command for a name, quoted so that it can be pasted as it is. */
export function quoteForShell(name: string): string {
  return `"${name.replace(/[\\"$`]/g, '\\$&')}"`
}

/** Comparable form for searching: case and Unicode form do not matter. */
export function foldName(text: string): string {
  return text.normalize('NFC').toLowerCase()
}

/** "9f31c2…e07a": enough to compare by eye. */
export function shortHash(hash: string): string {
  return hash.length > 14 ? `${hash.slice(0, 6)}…${hash.slice(-4)}` : hash
}
