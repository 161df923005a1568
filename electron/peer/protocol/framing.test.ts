import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Frame, FrameReader } from './framing.ts'
import { limits } from './limits.ts'

const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

/** All frames now, bodies as text; after the line `body N` a body of N bytes follows. */
function take(reader: FrameReader): string[] {
  const seen: string[] = []
  for (let frame: Frame | null = reader.next(); frame; frame = reader.next()) {
    if (frame.kind === 'error') return [...seen, `error: ${frame.reason}`]
    if (frame.kind === 'line') {
      seen.push(frame.line)
      const body = /^body (\d+)$/.exec(frame.line)
      if (body) reader.expectBody(Number(body[1]))
    } else {
      seen.push(`<${String.fromCharCode(...frame.bytes)}>${frame.last ? '.' : ''}`)
    }
  }
  return seen
}

describe('frame reader', () => {
  it('splits lines across chunks', () => {
    const reader = new FrameReader()
    reader.push(bytesOf('one\ntw'))
    expect(take(reader)).toEqual(['one'])
    reader.push(bytesOf('o\n\nthree'))
    expect(take(reader)).toEqual(['two', ''])
    reader.push(bytesOf('\n'))
    expect(take(reader)).toEqual(['three'])
  })

  it('hands bodies through and goes back to lines', () => {
    const reader = new FrameReader()
    reader.push(bytesOf('body 5\nab\n'))
    expect(take(reader)).toEqual(['body 5', '<ab\n>'])
    expect(reader.bodyBytesLeft).toBe(2)
    reader.push(bytesOf('cdnext\nbody 0\nlast\n'))
    expect(take(reader)).toEqual(['<cd>.', 'next', 'body 0', 'last'])
  })

  it('does not copy bodies', () => {
    const reader = new FrameReader()
    const chunk = bytesOf('body 2\nab')
    reader.push(chunk)
    reader.next()
    reader.expectBody(2)
    const frame = reader.next()
    expect(frame?.kind === 'body' && frame.bytes.buffer === chunk.buffer).toBe(true)
  })

  it('lets a part of a body go another way', () => {
    const reader = new FrameReader()
    reader.push(bytesOf('body 5\na'))
    expect(take(reader)).toEqual(['body 5', '<a>'])
    reader.skipBody(2)
    expect(reader.bodyBytesLeft).toBe(2)
    reader.push(bytesOf('defnext\n'))
    expect(take(reader)).toEqual(['<de>.', 'fnext'])
  })

  it('reads the same whatever the chunks', () => {
    const stream = 'body 7\n0123456/line\nbody 1\nxlast line\n'
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 }), (sizes) => {
        const reader = new FrameReader()
        let seen = ''
        let offset = 0
        for (const size of [...sizes, stream.length]) {
          reader.push(bytesOf(stream.slice(offset, offset + size)))
          offset += size
          seen += take(reader).join('|').replaceAll('>|<', '') + '|'
        }
        expect(seen.replaceAll('|', '').replaceAll('><', '')).toBe('body 7<0123456>./linebody 1<x>.last line')
      }),
    )
  })

  it('refuses lines that are too long, though no newline ever comes', () => {
    const reader = new FrameReader()
    for (let sent = 0; sent <= limits.lineBytes; sent += 1024) reader.push(bytesOf('a'.repeat(1024)))
    expect(take(reader)).toEqual(['error: line too long'])
    reader.push(bytesOf('\nfine\n'))
    expect(take(reader)).toEqual(['error: line too long'])
  })

  it.each([0, 9, 13, 127, 128, 255])('refuses byte %i in a line', (byte) => {
    const reader = new FrameReader()
    reader.push(Uint8Array.of(65, byte, 10))
    expect(take(reader)).toEqual(['error: a line has bytes that are not printable ASCII'])
  })
})
