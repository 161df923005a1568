/** The small contents of a machine as they lie on its fake disk, by the rows of its fake database: what a test looks at, and damages. */

import type { FaultyDisk } from './faulty-disk.ts'
import type { MemoryKeyValue } from './memory-key-value.ts'

/** Where machines have their volumes. */
export const smallFolder = '/content/small'

export interface Stores {
  readonly disk: FaultyDisk
  readonly database: MemoryKeyValue
}

/** Hashes of those that the next start finds for sure. */
export function smallCopies({ database }: Stores): string[] {
  return database.durableKeys('z!').map((key) => key.slice(2))
}

/** The bytes as the next start finds them for sure; null when it finds none. */
export function smallBytes(stores: Stores, sha256: string): Uint8Array | null {
  const place = placeOf(stores, sha256)
  return place && stores.disk.durable(place.path, place)
}

/** The byte at `position` is not what was written. */
export function rotSmall(stores: Stores, sha256: string, position: number): void {
  const place = placeOf(stores, sha256)
  if (!place || position >= place.sizeBytes) throw new Error(`No byte ${position} of ${sha256} to rot`)
  stores.disk.rot(place.path, place.offsetBytes + position)
}

function placeOf({ database }: Stores, sha256: string): { path: string; offsetBytes: number; sizeBytes: number } | null {
  const [sizeBytes = 0, , volume = 0, offsetBytes = 0] = database.durable(`z!${sha256}`)?.split(' ').map(Number) ?? []
  return database.durable(`z!${sha256}`) === undefined ? null : { path: `${smallFolder}/${volume}`, offsetBytes, sizeBytes }
}
