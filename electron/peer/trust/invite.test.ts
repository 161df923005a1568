import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InviteBook, decodeInvite, encodeInvite, inviteLifetimeMs, linkPrefix, type Invite } from './invite.ts'

const invite: Invite = {
  ways: ['192.168.1.20:40123', '[2001:db8::1]:40123'],
  fingerprint: 'ab'.repeat(32),
  token: randomBytes(16).toString('base64url'),
  expiresAt: 1_900_000_000_000,
  ringName: 'Zuhause 🏡',
}

describe('invite links', () => {
  it('carry everything there and back, spaces around them included', () => {
    expect(decodeInvite(encodeInvite(invite))).toEqual(invite)
    expect(decodeInvite(`  ${encodeInvite(invite)}\n`)).toEqual(invite)
    expect(decodeInvite(encodeInvite(invite).replace(linkPrefix, 'RingDrop://Join/'))).toEqual(invite)
    expect(encodeInvite(invite).length).toBeLessThan(200)
  })

  it('cut a long ring name between characters', () => {
    const decoded = decodeInvite(encodeInvite({ ...invite, ringName: '🏡'.repeat(100) }))
    expect(decoded).toMatchObject({ ringName: '🏡'.repeat(63) })
  })

  it('say why they cannot be read', () => {
    const link = encodeInvite(invite)
    const reason = (text: string): string => {
      const decoded = decodeInvite(text)
      return 'reason' in decoded ? decoded.reason : 'none'
    }
    expect(reason('https://example.org')).toContain('starts with ringdrop://join/')
    expect(reason('')).toContain('starts with')
    expect(reason(link.slice(0, -3))).toContain('incomplete')
    expect(reason(linkPrefix)).toContain('characters')
    expect(reason(link.replace('/join/', '/join/%20'))).toContain('characters')
    expect(reason(`${link}${'a'.repeat(4000)}`)).toContain('too long')
    const body = Buffer.from(link.slice(linkPrefix.length), 'base64url')
    for (let index = 0; index < body.length; index++) {
      const changed = Buffer.from(body)
      changed.writeUInt8(changed.readUInt8(index) ^ 4, index)
      expect(reason(`${linkPrefix}${changed.toString('base64url')}`)).not.toBe('none')
    }
  })

  it('never throw on junk', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, text) => {
        expect('reason' in decodeInvite(`${linkPrefix}${Buffer.from(bytes).toString('base64url')}`)).toBe(true)
        expect('reason' in decodeInvite(text)).toBe(true)
      }),
    )
  })
})

describe('tokens', () => {
  it('are good once', () => {
    const book = new InviteBook(() => 0)
    const [one, two] = [book.create(), book.create()]
    expect(one).toHaveLength(22)
    expect(book.redeem(one)).toBe('ok')
    expect(book.redeem(one)).toBe('used')
    expect(book.redeem(two)).toBe('ok')
    book.putBack(one)
    expect(book.redeem(one)).toBe('ok')
  })

  it('expire after ten minutes', () => {
    let now = 1000
    const book = new InviteBook(() => now)
    const [early, late] = [book.create(), book.create()]
    now += inviteLifetimeMs - 1
    expect(book.redeem(early)).toBe('ok')
    now += 1
    expect(book.redeem(late)).toBe('expired')
    expect(book.redeem(early)).toBe('used')
  })

  it('are unknown when made up, and few', () => {
    const book = new InviteBook(() => 0)
    const first = book.create()
    expect(book.redeem(randomBytes(16).toString('base64url'))).toBe('unknown')
    expect(book.redeem('')).toBe('unknown')
    expect(book.redeem('x'.repeat(1000))).toBe('unknown')
    for (let index = 0; index < 64; index++) book.create()
    expect(book.redeem(first)).toBe('unknown')
  })
})
