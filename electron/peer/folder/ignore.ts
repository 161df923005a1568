/** What the shared folder leaves alone: temporary files of editors, browsers and systems, our own, and what the person names. */

const builtIn = [
  '~$*', // Office's owner files
  '.~lock*', // LibreOffice's
  '*~', // backups of editors
  '*.swp',
  '*.swx',
  '*.tmp',
  '*.part', // Firefox's downloads
  '*.partial',
  '*.crdownload', // Chrome's
  '*.download', // Safari's
  '.DS_Store',
  '._*', // macOS's second halves of files
  'Thumbs.db',
  'desktop.ini',
  '.ringdrop*',
  '*.ringdrop-part',
] as const

/** Tells whether a base name is ignored. Patterns have `*` (any characters) and `?` (one); case does not matter. */
export function ignoreMatcher(patterns: readonly string[]): (baseName: string) => boolean {
  const all = [...builtIn, ...patterns].map((pattern) => Array.from(pattern.normalize('NFC').toLowerCase()))
  return (baseName) => {
    const name = Array.from(baseName.normalize('NFC').toLowerCase())
    return all.some((pattern) => matchesPattern(pattern, name))
  }
}

/** Goes back to the last star only: linear for one star, never more than pattern times name, whatever a person types. */
function matchesPattern(pattern: readonly string[], name: readonly string[]): boolean {
  let at = 0
  let next = 0
  let star = -1
  let starAt = 0
  while (at < name.length) {
    if (pattern[next] === '*') {
      star = next++
      starAt = at
    } else if (next < pattern.length && (pattern[next] === '?' || pattern[next] === name[at])) {
      at++
      next++
    } else if (star >= 0) {
      next = star + 1
      at = ++starAt
    } else return false
  }
  while (pattern[next] === '*') next++
  return next === pattern.length
}
