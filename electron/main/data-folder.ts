/** Where the peer of this person keeps its data: the platform's local (not roaming) data folder, the same as the command line's. */

import envPaths from 'env-paths'

export function defaultDataFolder(): string {
  return envPaths('Ringdrop', { suffix: '' }).data
}
