/** Copies are re-read and checked against their hashes; a damaged one is let go, and the ring brings a good one back. */

import type { TransferContext } from '../transfer/transfer-context.ts'

export interface Verified {
  readonly name: string
  readonly good: boolean
}

/** Checks this machine's copies of one name, or of all (`null`), one after the other. */
export async function* verifyCopies(context: TransferContext, name: string | null): AsyncGenerator<Verified> {
  for await (const entry of context.records.entries()) {
    if (name !== null && entry.record.name !== name.normalize('NFC')) continue
    for (const [sha256] of entry.held) {
      yield { name: entry.record.spelling, good: await verifyContent(context, sha256, entry.record.spelling) }
    }
  }
}

/** One content: a good one gets a new date, a bad one is removed. */
export async function verifyContent(context: TransferContext, sha256: string, name: string): Promise<boolean> {
  const isGood = await context.use.during([sha256], async () => {
    const matches = await context.contents.verify(sha256)
    // a bad one: from here on nobody is told that it is here, whoever counts on it now
    await context.records.setHeld(sha256, matches ? context.wallClock() : null)
    return matches
  })
  if (isGood) return true
  await context.use.remove(sha256, () => context.contents.remove(sha256))
  context.emit({ kind: 'copy-damaged', name })
  return false
}
