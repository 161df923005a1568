/**
 * Memory for blocks on their way. It is shared with our threads, so that handing one over copies nothing, and used again, as new memory has to be
 * cleared first. What nobody used for a while is let go of.
 */

/** Smaller ones are hashed where they are, as the way to another thread takes longer than that: they need no shared memory, which is slow to make. In bytes. */
export const sharedFromBytes = 131_072
/** Blocks come in multiples of this, in bytes: the size of nearly all. */
const unitBytes = 1_048_576
/** Blocks kept for the next user, in bytes. More than transfers usually have in flight would only be held for nothing. */
const spareBytesMax = 8 * unitBytes
/** So long they are kept, in ms: most files come soon after one another. */
export const spareMs = 10_000

/** By their size in bytes. */
const spares = new Map<number, Buffer[]>()
let spareBytes = 0
let rest: NodeJS.Timeout | null = null

/** Bytes that wait for the next user. */
export function sparesBytes(): number {
  return spareBytes
}

/** Memory for a block. Its bytes are whatever was there. Give it back with `releaseBlock`, or forget it. */
export function takeBlock(lengthBytes: number): Buffer {
  if (lengthBytes < sharedFromBytes) return Buffer.allocUnsafe(lengthBytes)
  const sizeBytes = Math.ceil(lengthBytes / unitBytes) * unitBytes
  const spare = spares.get(sizeBytes)?.pop()
  if (spare) spareBytes -= sizeBytes
  return (spare ?? Buffer.from(new SharedArrayBuffer(sizeBytes))).subarray(0, lengthBytes)
}

/** The block's memory may be used for another: nobody reads or writes it any more. Harmless for memory of another kind. */
export function releaseBlock(block: Uint8Array): void {
  const { buffer } = block
  if (!(buffer instanceof SharedArrayBuffer) || buffer.byteLength > spareBytesMax / 4) return
  // what is used now is worth more than what was
  for (const [sizeBytes, others] of spares) {
    while (sizeBytes !== buffer.byteLength && spareBytes + buffer.byteLength > spareBytesMax && others.pop()) spareBytes -= sizeBytes
  }
  rest ??= setTimeout(letGo, spareMs).unref()
  rest.refresh()
  if (spareBytes + buffer.byteLength > spareBytesMax) return
  const same = spares.get(buffer.byteLength)
  if (same) same.push(Buffer.from(buffer))
  else spares.set(buffer.byteLength, [Buffer.from(buffer)])
  spareBytes += buffer.byteLength
}

function letGo(): void {
  rest = null
  spares.clear()
  spareBytes = 0
}
