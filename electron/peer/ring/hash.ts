/** FNV-1a of 32 bits, mixed: to compare what two peers have, not to keep anybody from anything. */

export const hashStart = 0x811c9dc5

/** Takes `text` into a hash. */
export function hashOn(hash: number, text: string): number {
  let value = hash
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value
}

/** FNV-1a mixes its last bytes little; what is combined with xor, or compared, needs them mixed. */
export function mixed(hash: number): number {
  const value = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return value ^ (value >>> 13)
}

/** A hash as digests are written: 8 hexadecimal digits. */
export function hexOf(hash: number): string {
  return (hash >>> 0).toString(16).padStart(8, '0')
}
