/** FNV-1a of 32 bits, mixed: to compare what two peers have, not to keep anybody from anything. */

export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  // FNV-1a mixes its last bytes little; hashes are combined with xor, which needs them mixed
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

/** A hash as digests are written: 8 hexadecimal digits. */
export function hexOf(hash: number): string {
  return (hash >>> 0).toString(16).padStart(8, '0')
}
