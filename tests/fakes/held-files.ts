/** Every file of a catalogue as safety counts it, by a look at each: what the product's tally must agree with. */

import { heldFile } from '../../electron/peer/file-views.ts'
import type { HeldFile } from '../../electron/peer/ring/safety.ts'
import type { Catalogue } from '../../electron/peer/transfer/catalogue.ts'

/** Without those that were removed. */
export function* heldFiles(catalogue: Catalogue): Generator<HeldFile> {
  for (const file of catalogue.files()) {
    const held = heldFile(file)
    if (held) yield held
  }
}
