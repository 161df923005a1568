/**
 * Invite links and the tokens in them. A link is all that a new machine needs: where to knock, the fingerprint of the ring's
 * authority so that it knows whom it speaks to, and a token that is good once. `ringdrop://join/` and base64url of
 *
 *   version (1) | authority fingerprint (32) | token (16) | expiry, Unix seconds (4) | ring name | count (1) | ways | check (4)
 *
 * with texts as length (1) and UTF-8. The check is the start of a SHA-256: it tells a link that a chat program mangled from
 * one that was never ours.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { assert } from '../../../shared/assert.ts'
import type { Way } from '../protocol/contact.ts'
import { limits } from '../protocol/limits.ts'

export const linkPrefix = 'ringdrop://join/'
const version = 1
const tokenBytes = 16
const checkBytes = 4
/** A ring's name in a link, in bytes of UTF-8. */
const nameBytesMax = 255
/** Eight ways of 128 characters and a name, in base64url, with room. */
const linkLengthMax = 2048

/** 10 minutes: long enough to walk to the other machine, short enough for a link left in a chat. */
export const inviteLifetimeMs = 10 * 60_000
/** Open invitations at a time; the oldest makes room. */
const invitesMax = 64

export interface Invite {
  readonly ways: readonly Way[]
  /** SHA-256 of the authority's public key, hexadecimal. */
  readonly fingerprint: string
  /** 128 bits as base64url, 22 characters: the token of `/enroll`. */
  readonly token: string
  /** Unix time in ms, whole seconds. For people: the inviter alone decides, by its own monotonic clock. */
  readonly expiresAt: number
  readonly ringName: string
}

/** Asserts what is ours to know: ways within the limits, a token of 22 characters. A long ring name is cut. */
export function encodeInvite(invite: Invite): string {
  const token = Buffer.from(invite.token, 'base64url')
  const fingerprint = Buffer.from(invite.fingerprint, 'hex')
  assert(token.length === tokenBytes && fingerprint.length === 32, 'an invite has a token and a fingerprint')
  assert(invite.ways.length > 0 && invite.ways.length <= limits.ways, 'an invite has between one and eight ways')
  const expiry = Buffer.alloc(4)
  expiry.writeUInt32BE(Math.floor(invite.expiresAt / 1000))
  const body = Buffer.concat([
    Buffer.of(version),
    fingerprint,
    token,
    expiry,
    shortText(cutName(invite.ringName)),
    Buffer.of(invite.ways.length),
    ...invite.ways.map((way) => shortText(way)),
  ])
  return `${linkPrefix}${Buffer.concat([body, checkOf(body)]).toString('base64url')}`
}

/** The invite in a link, with the spaces around it that pasting brings; or why it is none. Never throws. */
export function decodeInvite(link: string): Invite | { readonly reason: string } {
  const text = link.trim()
  if (text.length > linkLengthMax) return { reason: 'the link is too long' }
  if (!text.toLowerCase().startsWith(linkPrefix)) return { reason: `an invite link starts with ${linkPrefix}` }
  const encoded = text.slice(linkPrefix.length).replace(/\/$/, '')
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return { reason: 'the link has characters that do not belong there' }
  const bytes = Buffer.from(encoded, 'base64url')
  const body = bytes.subarray(0, -checkBytes)
  if (body.length === 0 || !checkOf(body).equals(bytes.subarray(-checkBytes)))
    return { reason: 'the link is incomplete or was changed on its way' }
  if (body[0] !== version) return { reason: 'the link is from another version of Ringdrop' }
  try {
    return decodeBody(body)
  } catch {
    return { reason: 'the link cannot be read' }
  }
}

function decodeBody(body: Buffer): Invite | { readonly reason: string } {
  let offset = 1
  const take = (length: number): Buffer => {
    if (offset + length > body.length) throw new RangeError('too short')
    offset += length
    return body.subarray(offset - length, offset)
  }
  const text = (): string => new TextDecoder('utf-8', { fatal: true }).decode(take(take(1).readUInt8()))
  const fingerprint = take(32).toString('hex')
  const token = take(tokenBytes).toString('base64url')
  const expiresAt = take(4).readUInt32BE() * 1000
  const ringName = text()
  const count = take(1).readUInt8()
  if (count === 0 || count > limits.ways) return { reason: 'the link names no machine to ask' }
  const ways = Array.from({ length: count }, text)
  if (offset !== body.length || ways.some((way) => !/^[\x21-\x7e]{3,128}$/.test(way))) return { reason: 'the link cannot be read' }
  return { ways, fingerprint, token, expiresAt, ringName }
}

function checkOf(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, checkBytes)
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  assert(bytes.length <= 255, 'a text in a link has at most 255 bytes')
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

function cutName(name: string): string {
  let cut = ''
  for (const character of name) {
    if (Buffer.byteLength(cut + character) > nameBytesMax) break
    cut += character
  }
  return cut
}

export type Redeemed = 'ok' | 'unknown' | 'used' | 'expired'

interface OpenInvite {
  readonly token: Buffer
  readonly expiresAtMs: number
  used: boolean
}

/** Tokens that this machine gave out. In memory only: a restart ends every open invitation. */
export class InviteBook {
  readonly #now: () => number
  readonly #random: (size: number) => Buffer
  #invites: OpenInvite[] = []

  /** `now`: monotonic milliseconds, so that setting the clock neither ends nor prolongs an invitation. */
  constructor(now: () => number, random: (size: number) => Buffer = randomBytes) {
    this.#now = now
    this.#random = random
  }

  /** A new token of 22 characters, good once within `inviteLifetimeMs`. */
  create(): string {
    const token = this.#random(tokenBytes)
    this.#invites = [...this.#invites.slice(1 - invitesMax), { token, expiresAtMs: this.#now() + inviteLifetimeMs, used: false }]
    return token.toString('base64url')
  }

  /** Uses a token up. Compared in constant time, and with every one of ours: how long it takes says nothing. */
  redeem(token: string): Redeemed {
    const invite = this.#find(token)
    if (!invite) return 'unknown'
    if (invite.used) return 'used'
    if (this.#now() >= invite.expiresAtMs) return 'expired'
    invite.used = true
    return 'ok'
  }

  /** Makes a token good again whose ring key never arrived, because the connection broke. */
  putBack(token: string): void {
    const invite = this.#find(token)
    if (invite) invite.used = false
  }

  #find(token: string): OpenInvite | null {
    const given = Buffer.from(token, 'base64url')
    if (given.length !== tokenBytes) return null
    let found: OpenInvite | null = null
    for (const invite of this.#invites) if (timingSafeEqual(invite.token, given)) found = invite
    return found
  }
}
