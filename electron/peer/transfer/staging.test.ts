import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ringOf, type FileRing } from '../../../tests/fakes/file-ring.ts'

const blockBytes = 4096
const content = (seed: string, blocks = 40): Buffer =>
  Buffer.concat(Array.from({ length: blocks }, (_, index) => Buffer.alloc(blockBytes, `${seed} ${index} `)))
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What was said, by command, and how many bytes travelled, while `work` ran. */
async function observed(ring: FileRing, work: () => Promise<unknown>): Promise<{ said: Map<string, number>; bytes: number }> {
  ring.said()
  const before = ring.traffic.bytesIn
  await work()
  return { said: ring.said(), bytes: ring.traffic.bytesIn - before }
}

describe('staging', () => {
  test('sends a large new file once along the chain while it is hashed, and the store finds it there', async () => {
    const ring = await ringOf([100, 200, 300, 400], { blockBytes })
    const bytes = content('new')
    const { said, bytes: moved } = await observed(ring, () => ring.machine(400).store('0050', bytes))
    expect(said.get('stage')).toBe(3)
    expect(said.get('store')).toBe(3)
    expect(moved).toBeGreaterThan(3 * bytes.length)
    expect(moved).toBeLessThan(3 * bytes.length + 40_000)
    expect(ring.holdersOf(bytes)).toEqual([100, 200, 300])
    for (const holder of [100, 200, 300]) {
      expect(await ring.machine(holder).contents.verify(hashOf(bytes))).toBe(true)
      expect(
        ring
          .machine(holder)
          .disk.files()
          .filter((path) => path.includes('staged')),
      ).toEqual([])
    }
  })

  test('is not tried where it may not help: a known name, a known size, a small file', async () => {
    const ring = await ringOf([100, 200, 300], { blockBytes, copies: 2 })
    await ring.machine(300).store('0050', content('first'))
    await ring.run(5_000)
    for (const [name, bytes] of [
      ['0050', content('changed', 41)],
      ['0051', content('again')],
      ['0052', content('small', 15)],
    ] as const) {
      const { said } = await observed(ring, () => ring.machine(300).store(name, bytes))
      expect(said.get('stage')).toBeUndefined()
    }
  })

  test('stops at a block of zeros, and the store sends the rest', async () => {
    const ring = await ringOf([100, 200, 300], { blockBytes, copies: 2 })
    const bytes = content('holes')
    bytes.fill(0, 3 * blockBytes)
    const { bytes: moved } = await observed(ring, () => ring.machine(300).store('0050', bytes))
    expect(moved).toBeLessThan(60_000)
    expect(ring.holdersOf(bytes)).toEqual([100, 200])
    expect(await ring.machine(200).contents.verify(hashOf(bytes))).toBe(true)
    await ring.settle()
    expect(
      ring
        .machine(100)
        .disk.files()
        .filter((path) => path.includes('partial/')),
    ).toEqual([])
  })

  test('leaves nothing when no store follows', async () => {
    const ring = await ringOf([100, 200], { blockBytes, copies: 1 })
    const { contents, disk } = ring.machine(100)
    const bytes = content('forgotten', 2)
    const left = await contents.space.leftBytes()
    const staged = await contents.stage({ sizeBytes: bytes.length, blockBytes })
    for (const index of [0, 1]) await staged.writeBlock(index, bytes.subarray(index * blockBytes, (index + 1) * blockBytes))
    await contents.dropStaged(await staged.finish())
    expect(await contents.space.leftBytes()).toBe(left)
    expect(disk.files().filter((path) => path.includes('partial/'))).toEqual([])
  })

  test('leaves nothing when the same content is kept from elsewhere', async () => {
    const ring = await ringOf([100], { blockBytes, copies: 1 })
    const { contents, disk } = ring.machine(100)
    const bytes = content('twice', 2)
    const staged = await contents.stage({ sizeBytes: bytes.length, blockBytes })
    for (const index of [0, 1]) await staged.writeBlock(index, bytes.subarray(index * blockBytes, (index + 1) * blockBytes))
    await staged.finish()
    await ring.machine(100).store('0050', bytes)
    expect((await contents.space.allowedBytes()) - (await contents.space.leftBytes())).toBe(bytes.length)
    expect(disk.files().filter((path) => path.includes('partial/'))).toEqual([])
  })
})
