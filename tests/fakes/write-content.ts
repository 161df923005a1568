/** A content written as it comes over the network: block after block. */

import type { Manifest } from '../../electron/peer/protocol/manifest.ts'

interface Target {
  readonly manifest: Manifest
  writeBlock(index: number, block: Uint8Array): Promise<void>
}

/** Writes all of `bytes`, cut into the blocks of the target. Rejects as its `writeBlock` does. */
export async function writeContent(target: Target, bytes: Uint8Array): Promise<void> {
  const { blockBytes } = target.manifest
  for (let at = 0; at < bytes.length; at += blockBytes) await target.writeBlock(at / blockBytes, bytes.subarray(at, at + blockBytes))
}
