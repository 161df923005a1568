/** Which paths a drop means, when files and folders were dropped and the page has looked into the folders already. */

export interface DroppedPath {
  /** Absolute path of the file; empty when it lies on no disk. */
  readonly path: string
  /** Its path inside the dropped folder, from the folder's own name on, with `/`. */
  readonly relativePath: string
}

/**
 * The least set of paths that covers a drop: a folder once instead of all its files, so that their names in the ring keep the
 * folder's own. Paths with no place on a disk are left out.
 */
export function pathsOfDrop(dropped: readonly DroppedPath[]): string[] {
  const paths = new Set<string>()
  for (const { path, relativePath } of dropped) {
    if (path !== '') paths.add(rootOf(path, relativePath))
  }
  return [...paths]
}

function rootOf(path: string, relativePath: string): string {
  const below = relativePath
    .split('/')
    .filter((part) => part !== '')
    .slice(1)
  let root = path
  for (const part of below.reverse()) {
    const cut = Math.max(root.lastIndexOf('/'), root.lastIndexOf('\\'))
    // What the page says does not lie on this path: then the file alone is meant.
    if (cut <= 0 || root.slice(cut + 1).normalize() !== part.normalize()) return path
    root = root.slice(0, cut)
  }
  return root
}
