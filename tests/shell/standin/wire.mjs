// @ts-check
/**
 * Values to JSON and back, near enough to structured clone. The function is also put into pages as text (in the preload's
 * isolated world), so it refers to nothing outside itself.
 */
export const wire = () => {
  /** @type {(value: any, depth?: number) => any} */
  const encode = (value, depth = 0) => {
    const inside = (/** @type {any} */ part) => encode(part, depth + 1)
    if (depth > 100 || typeof value === 'function' || typeof value === 'symbol') throw new Error('An object could not be cloned.')
    if (value === undefined) return { $: 'u' }
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'number') {
      if (Object.is(value, -0)) return { $: 'n', v: '-0' }
      return Number.isFinite(value) ? value : { $: 'n', v: String(value) }
    }
    if (typeof value === 'bigint') return { $: 'b', v: String(value) }
    if (Array.isArray(value)) return value.map(inside)
    if (value instanceof Date) return { $: 'd', v: Number(value) }
    if (value instanceof Map) return { $: 'm', v: [...value].map(inside) }
    if (value instanceof Set) return { $: 's', v: [...value].map(inside) }
    if (value instanceof Error) return { $: 'e', v: { name: value.name, message: value.message, stack: value.stack } }
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      let text = ''
      for (const byte of bytes) text += String.fromCharCode(byte)
      return { $: 'y', k: value.constructor.name === 'Buffer' ? 'Uint8Array' : value.constructor.name, v: btoa(text) }
    }
    /** @type {Record<string, any>} */
    const out = {}
    for (const key of Object.keys(value)) out[key] = inside(value[key])
    return '$' in out ? { $: 'o', v: out } : out
  }
  /** @type {(value: any) => any} */
  const decode = (value) => {
    if (value === null || typeof value !== 'object') return value
    if (Array.isArray(value)) return value.map(decode)
    if (value.$ === 'u') return undefined
    if (value.$ === 'n') return Number(value.v)
    if (value.$ === 'b') return BigInt(value.v)
    if (value.$ === 'd') return new Date(value.v)
    if (value.$ === 'm') return new Map(value.v.map(decode))
    if (value.$ === 's') return new Set(value.v.map(decode))
    if (value.$ === 'e') return Object.assign(new Error(value.v.message), { name: value.v.name, stack: value.v.stack })
    if (value.$ === 'y') {
      const { buffer } = Uint8Array.from(atob(value.v), (character) => character.charCodeAt(0))
      return value.k === 'ArrayBuffer' ? buffer : new /** @type {any} */ (globalThis)[value.k](buffer)
    }
    const object = value.$ === 'o' ? value.v : value
    /** @type {Record<string, any>} */
    const out = {}
    for (const key of Object.keys(object)) out[key] = decode(object[key])
    return out
  }
  return { encode, decode }
}
