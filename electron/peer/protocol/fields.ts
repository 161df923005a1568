/**
 * Fields: how one argument of a message is written and read. Every field is text without a space; `-` stands for nothing
 * (an empty text, an empty list, no contact). A reader takes one spelling only, the one its writer makes, so that a line
 * that was understood encodes to itself again; whatever else it sees it answers with undefined, never with an exception.
 */

import type { Contact, Way } from './contact.ts'
import type { Identifier, IdentifierSpace } from './identifier.ts'
import { limits } from './limits.ts'
import type { Member, MemberState } from './messages.ts'

export interface Field<T> {
  write(value: T, space: IdentifierSpace): string
  /** The value, or undefined when `text` is not this field as its writer makes it. */
  read(text: string, space: IdentifierSpace): T | undefined
}

const nothing = '-'

/** A whole number, 0 <= value <= max, in decimal without leading zeros. */
export function number(max: number): Field<number> {
  return {
    write: (value) => value.toString(),
    read: (text) => {
      if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined
      const value = Number(text)
      return value <= max ? value : undefined
    },
  }
}

/** Lower-case hexadecimal of a fixed number of digits. */
export function hex(digits: number): Field<string> {
  return {
    write: (value) => value,
    read: (text) => (text.length === digits && /^[0-9a-f]+$/.test(text) ? text : undefined),
  }
}

/** Free text of at most `maxBytes` of UTF-8, percent-encoded. A lone surrogate has no UTF-8 and travels as U+FFFD. */
export function text(maxBytes: number): Field<string> {
  return {
    write: (value) => percentEncode(value),
    read: (encoded) => {
      if (encoded === nothing) return ''
      const escapes = encoded.split('%').length - 1
      if (encoded === '' || encoded.length - 2 * escapes > maxBytes) return undefined
      try {
        const value = decodeURIComponent(encoded)
        return percentEncode(value) === encoded ? value : undefined
      } catch {
        return undefined
      }
    },
  }
}

function percentEncode(value: string): string {
  if (value === '') return nothing
  // a text that is only a hyphen would read as nothing
  if (value === '-') return '%2D'
  return encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd'))
}

/** One of a closed set of words. */
export function word<const T extends string>(words: readonly T[]): Field<T> {
  return { write: (value) => value, read: (text) => words.find((known) => known === text) }
}

/** A whole number up to `max`, or one of a closed set of words. */
export function numberOr<const T extends string>(max: number, words: readonly T[]): Field<number | T> {
  const [numbers, others] = [number(max), word(words)]
  return {
    write: (value) => value.toString(),
    read: (text, space) => numbers.read(text, space) ?? others.read(text, space),
  }
}

export const flag: Field<boolean> = {
  write: (value) => (value ? 'yes' : 'no'),
  read: (text) => (text === 'yes' ? true : text === 'no' ? false : undefined),
}

export const identifier: Field<Identifier> = {
  write: (value, space) => space.format(value),
  read: (text, space) => space.parse(text) ?? undefined,
}

/** Comma-separated, at most `max` long. Items contain no comma. */
export function list<T>(item: Field<T>, max: number): Field<readonly T[]> {
  return {
    write: (values, space) => (values.length === 0 ? nothing : values.map((value) => item.write(value, space)).join(',')),
    read: (text, space) => {
      if (text === nothing) return []
      const parts = text.split(',')
      if (parts.length > max) return undefined
      const values: T[] = []
      for (const part of parts) {
        const value = item.read(part, space)
        if (value === undefined) return undefined
        values.push(value)
      }
      return values
    },
  }
}

export function nullable<T>(field: Field<T>): Field<T | null> {
  return {
    write: (value, space) => (value === null ? nothing : field.write(value, space)),
    read: (text, space) => (text === nothing ? null : field.read(text, space)),
  }
}

export const contact: Field<Contact> = {
  write: (value, space) => `${space.format(value.id)}@${value.ways.join('+')}`,
  read: (text, space) => {
    const at = text.indexOf('@')
    if (at < 0) return undefined
    const id = space.parse(text.slice(0, at))
    const ways = text.slice(at + 1).split('+')
    return id !== null && ways.length <= limits.ways && ways.every(isWay) ? { id, ways } : undefined
  },
}

const memberState = word<MemberState>(['alive', 'suspect', 'dead', 'left'])
const incarnation = number(limits.counter)

export const member: Field<Member> = {
  write: (value, space) => `${contact.write(value.contact, space)};${value.incarnation};${value.state}`,
  read: (text, space) => {
    const [contactText, incarnationText, stateText, more] = text.split(';')
    if (contactText === undefined || incarnationText === undefined || stateText === undefined || more !== undefined) return undefined
    const who = contact.read(contactText, space)
    const number = incarnation.read(incarnationText, space)
    const state = memberState.read(stateText, space)
    return who && number !== undefined && state ? { contact: who, incarnation: number, state } : undefined
  },
}

/** `host:port` with an IPv4 address, a host name or an IPv6 address in brackets, and a port of 1 to 65535. */
export function isWay(way: Way): boolean {
  if (way.length > limits.wayLength) return false
  const colon = way.lastIndexOf(':')
  const host = way.slice(0, colon)
  const port = way.slice(colon + 1)
  if (colon < 1 || !/^[1-9][0-9]{0,4}$/.test(port) || Number(port) > 65_535) return false
  if (host.startsWith('[')) return host.endsWith(']') && isIpv6(host.slice(1, -1))
  return /^[0-9.]+$/.test(host) ? isIpv4(host) : isHostName(host)
}

function isIpv4(host: string): boolean {
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
}

function isIpv6(host: string): boolean {
  const halves = host.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false
  return halves.length === 2 ? groups.length <= 7 : groups.length === 8
}

function isHostName(host: string): boolean {
  return host.split('.').every((label) => /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label))
}
