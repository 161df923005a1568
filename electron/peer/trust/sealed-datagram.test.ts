import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../protocol/limits.ts'
import { DatagramSealer, plaintextBytesMax, type Opened } from './sealed-datagram.ts'

const ringKey = randomBytes(32)
const pair = (): [DatagramSealer, DatagramSealer] => [new DatagramSealer(ringKey), new DatagramSealer(ringKey)]
const text = (opened: Opened): string => (opened.kind === 'message' ? opened.plaintext.toString() : opened.kind)
const reply = (opened: Opened): Buffer => {
  if (opened.kind !== 'reply') throw new Error(`expected a reply, not ${opened.kind}`)
  return opened.datagram
}

/** Sends a text from one to the other, with what goes to and fro for it. */
function deliver(from: DatagramSealer, to: DatagramSealer, plaintext: string): string {
  const opened = to.open(from.seal(Buffer.from(plaintext)), 'from')
  if (opened.kind !== 'reply') return text(opened)
  return text(to.open(reply(from.open(opened.datagram, 'to')), 'from'))
}

describe('sealed datagrams', () => {
  it('challenge a new session, and deliver what it said first once it echoed', () => {
    const [a, b] = pair()
    const first = a.seal(Buffer.from('one'))
    const challenge = reply(b.open(first, 'a'))
    const echo = reply(a.open(challenge, 'b'))
    expect(text(b.open(echo, 'a'))).toBe('one')
    expect(text(b.open(a.seal(Buffer.from('two')), 'a'))).toBe('two')
    // the challenge proved b to a
    expect(text(a.open(b.seal(Buffer.from('back')), 'b'))).toBe('back')
    // nothing of it counts twice
    for (const old of [first, echo]) expect(b.open(old, 'a').kind).toBe('nothing')
    expect(a.open(challenge, 'b').kind).toBe('nothing')
  })

  it('deliver all that was under way when the challenge came', () => {
    const [a, b] = pair()
    const sent = ['one', 'two', 'three'].map((word) => a.seal(Buffer.from(word)))
    const challenges = sent.map((datagram) => reply(b.open(datagram, 'a')))
    const echoes = challenges.map((challenge) => reply(a.open(challenge, 'b')))
    expect(echoes.map((echo) => text(b.open(echo, 'a')))).toEqual(['one', 'two', 'three'])
  })
})

describe('recordings', () => {
  it('are refused, while what was reordered is taken', () => {
    const [a, b] = pair()
    deliver(a, b, 'hello')
    const sent = Array.from({ length: 200 }, (_, index) => a.seal(Buffer.from(String(index))))
    const shuffled = sent.map((datagram, index) => ({ datagram, place: (index * 77) % 200 })).sort((x, y) => x.place - y.place)
    for (const { datagram } of shuffled) expect(b.open(datagram, 'a').kind).toBe('message')
    for (const { datagram } of shuffled) expect(b.open(datagram, 'a').kind).toBe('nothing')
  })

  it('older than the window are refused', () => {
    const [a, b] = pair()
    deliver(a, b, 'hello')
    const old = a.seal(Buffer.from('old'))
    for (let index = 0; index < 2000; index++) a.seal(Buffer.from('lost'))
    expect(text(b.open(a.seal(Buffer.from('new')), 'a'))).toBe('new')
    expect(b.open(old, 'a').kind).toBe('nothing')
  })

  it('are worth nothing to a machine that restarted', () => {
    const [a, b] = pair()
    const recorded = [a.seal(Buffer.from('one'))]
    recorded.push(reply(a.open(reply(b.open(recorded[0] as Buffer, 'a')), 'b')))
    recorded.push(a.seal(Buffer.from('two')))
    const restarted = new DatagramSealer(ringKey)
    for (const datagram of recorded) expect(restarted.open(datagram, 'mallory').kind).not.toBe('message')
    // while a is alive it may be asked, but repeats nothing that it was asked for before
    expect(a.open(reply(restarted.open(recorded[0] as Buffer, 'mallory')), 'b').kind).toBe('nothing')
    // and afterwards a is heard again
    expect(deliver(a, restarted, 'three')).toBe('three')
    expect(restarted.open(recorded[2] as Buffer, 'mallory').kind).toBe('nothing')
  })

  it('of a session that ended prove nothing', () => {
    const [a, b] = pair()
    const recorded = a.seal(Buffer.from('one'))
    const again = new DatagramSealer(ringKey)
    expect(again.open(reply(b.open(recorded, 'mallory')), 'b').kind).toBe('nothing')
  })
})

describe('what is no datagram of the ring', () => {
  it('of another ring, tampered with, or cut short is refused', () => {
    const [a, b] = pair()
    expect(b.open(new DatagramSealer(randomBytes(32)).seal(Buffer.from('x')), 'c').kind).toBe('nothing')
    const sealed = a.seal(Buffer.from('hello'))
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
      expect(b.open(changed, 'a').kind).toBe('nothing')
      expect(b.open(sealed.subarray(0, index), 'a').kind).toBe('nothing')
    }
    expect(a.open(sealed, 'mirror').kind).toBe('nothing')
  })

  it('longer than the limit is not sent: the longest message fits, echo included', () => {
    const [a, b] = pair()
    const long = Buffer.alloc(plaintextBytesMax, 'x')
    const sealed = a.seal(long)
    const echo = reply(a.open(reply(b.open(sealed, 'a')), 'b'))
    expect(Math.max(sealed.length, echo.length)).toBe(limits.datagramBytes)
    expect(text(b.open(echo, 'a'))).toBe(long.toString())
    expect(() => a.seal(Buffer.alloc(plaintextBytesMax + 1))).toThrow('fit a datagram')
  })

  it('never throws, whatever it is', () => {
    const [a, b] = pair()
    deliver(a, b, 'hello')
    const sealed = a.seal(Buffer.from('hello'))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1300 }), fc.nat(sealed.length), fc.integer({ min: 0x10, max: 0x14 }), (junk, cut, kind) => {
        expect(b.open(Buffer.from(junk), 'x').kind).toBe('nothing')
        const mangled = Buffer.concat([Buffer.of(kind), sealed.subarray(1, cut), junk])
        // whole and under its own kind it is no rubbish
        fc.pre(!mangled.equals(sealed))
        expect(b.open(mangled, 'x').kind).toBe('nothing')
      }),
    )
    expect(text(b.open(sealed, 'a'))).toBe('hello')
  })

  it('fills no table: a session pushed out proves itself again', () => {
    const b = new DatagramSealer(ringKey)
    const first = new DatagramSealer(ringKey)
    expect(deliver(first, b, 'first')).toBe('first')
    for (let index = 0; index < 4096; index++) deliver(new DatagramSealer(ringKey), b, 'x')
    const opened = b.open(first.seal(Buffer.from('again')), 'a')
    expect(opened.kind).toBe('reply')
    expect(text(b.open(reply(first.open(reply(opened), 'b')), 'a'))).toBe('again')
  }, 30_000)
})
