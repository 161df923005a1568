import { describe, expect, it } from 'vitest'
import { bytesHeader, frameLimits, FrameReader } from './frames.ts'

describe('FrameReader', () => {
  it('takes lines and raw bytes however they are cut', () => {
    const stream = Buffer.concat([Buffer.from('{"a":1}\n'), Buffer.from(bytesHeader(5)), Buffer.from('\n{"b\n'), Buffer.from('{"ü":2}\n')])
    for (let size = 1; size <= stream.length; size++) {
      const reader = new FrameReader()
      const lines: string[] = []
      let raw = ''
      for (let at = 0; at < stream.length; at += size) {
        for (const frame of reader.push(stream.subarray(at, at + size))) {
          if (frame.kind === 'line') lines.push(frame.text)
          else raw += frame.bytes.toString()
        }
      }
      expect(lines).toEqual(['{"a":1}', '{"ü":2}'])
      expect(raw).toBe('\n{"b\n')
    }
  })

  it('refuses a line or a piece without end', () => {
    const reader = new FrameReader()
    const chunk = Buffer.alloc(1_048_576, 0x20)
    expect(() => {
      for (let sent = 0; sent <= frameLimits.lineBytes; sent += chunk.length) reader.push(chunk)
    }).toThrow(/too long/)
    expect(() => new FrameReader().push(Buffer.from(bytesHeader(frameLimits.bytesLength + 1)))).toThrow(/too long/)
  })
})
