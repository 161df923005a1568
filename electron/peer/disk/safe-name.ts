/**
 * The one place where names from elsewhere are made safe. `checkRingName` decides what may be a name in the ring at all;
 * `localName` maps a ring name to one that every system takes (Windows' reserved names and characters, trailing dots and spaces).
 * The true name is kept in the ring: only what lands on a disk is mapped.
 */

import sanitize from 'sanitize-filename'
import { limits } from '../protocol/limits.ts'

export type RingNameCheck =
  { readonly ok: true; readonly name: string; readonly spelling: string } | { readonly ok: false; readonly reason: string }

/** A file's name in the ring: relative, `/` between its segments. `name` is NFC and matched by, `spelling` is as given and shown. */
export function checkRingName(name: string): RingNameCheck {
  const normal = name.normalize('NFC')
  const reason = refusal(normal) ?? refusal(name)
  return reason === null ? { ok: true, name: normal, spelling: name } : { ok: false, reason }
}

function refusal(name: string): string | null {
  if (name.length === 0) return 'the name is empty'
  if (Buffer.byteLength(name) > limits.nameBytes) return `the name is longer than ${limits.nameBytes} bytes`
  if (/\p{Cs}/u.test(name)) return 'the name is not valid Unicode'
  if (/\p{Cc}/u.test(name)) return 'the name has control characters'
  if (name.includes('\\')) return 'the name has a backslash'
  if (/^[a-z]:/i.test(name)) return 'the name begins with a drive letter'
  if (name.startsWith('/')) return 'the name begins with a slash'
  for (const segment of name.split('/')) {
    if (segment === '') return 'the name has an empty part'
    if (segment === '.' || segment === '..') return `the name has the part "${segment}"`
    if (Buffer.byteLength(segment) > limits.nameSegmentBytes) return `a part of the name is longer than ${limits.nameSegmentBytes} bytes`
  }
  return null
}

/**
 * A relative path that all systems accept and that stays inside whatever folder it is joined to. Names that are fine come back as
 * they are; different names may become the same: the caller resolves clashes. Never empty, never throws.
 */
export function localName(name: string): string {
  const segments = name
    .split(/[/\\]/)
    .filter((segment) => segment !== '' && segment !== '.' && segment !== '..')
    .map(localSegment)
  return segments.length === 0 ? '_' : segments.join('/')
}

/** What Windows would open as a device, with an extension too; the superscript digits count as digits there. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\..*)?$/is

function localSegment(segment: string): string {
  const shown = segment.replace(/[\p{Cc}\p{Cs}<>:"|?*]/gu, '_')
  // a mark in front keeps the extension, where the library would replace the whole name
  const harmless = device.test(shown) ? `_${shown}` : shown
  const cut = cutToBytes(sanitize(harmless, { replacement: '_' }), limits.nameSegmentBytes).replace(/[. ]+$/, '_')
  return cut === '' ? '_' : cut
}

/** The longest beginning of `text` with at most `maxBytes` of UTF-8, without half a character. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text
  let bytes = 0
  let cut = ''
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) break
    cut += character
  }
  return cut
}
