import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ringOf, type FileRing } from '../../../tests/fakes/file-ring.ts'

const blockBytes = 4096
/** 64 blocks, each unlike the others. */
const original = Buffer.concat(Array.from({ length: 64 }, (_, index) => Buffer.alloc(blockBytes, `block ${index} `)))

function changed(...blocks: readonly number[]): Buffer {
  const bytes = Buffer.from(original)
  for (const index of blocks) bytes.write('changed', index * blockBytes)
  return bytes
}

/** Bytes that came to the machines that were asked, while `work` ran. */
async function moved(ring: FileRing, work: () => Promise<unknown>): Promise<number> {
  const before = ring.traffic.bytesIn
  await work()
  return ring.traffic.bytesIn - before
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('a file that changed', () => {
  test('sends each holder only the blocks that it lacks, and every holder has all of it', async () => {
    const ring = await ringOf([100, 200, 300, 400], { blockBytes })
    await ring.machine(400).store('0050', original)
    const next = changed(3, 40)
    const bytes = await moved(ring, () => ring.machine(400).store('0050', next))
    // two blocks to each of three holders, and lines, records and block lists
    expect(bytes).toBeLessThan(3 * 2 * blockBytes + 3 * 10_000)
    expect(ring.holdersOf(next)).toEqual([100, 200, 300])
    for (const holder of [100, 200, 300]) expect(await ring.machine(holder).contents.verify(hashOf(next))).toBe(true)
  })

  test('sends a holder without the older version everything, through one that has it', async () => {
    const ring = await ringOf([100, 200, 400], { blockBytes, copies: 2 })
    await ring.machine(400).store('0050', original)
    await ring.start(150, { empty: true })
    const next = changed(63)
    await ring.machine(400).store('0050', next)
    expect(ring.holdersOf(next)).toEqual([100, 150])
    expect(await ring.machine(150).contents.verify(hashOf(next))).toBe(true)
  })

  test('sends nothing when a holder has the content already', async () => {
    const ring = await ringOf([100, 200, 300, 400], { blockBytes })
    await ring.machine(400).store('0050', original)
    expect(await moved(ring, () => ring.machine(300).store('0050', original))).toBeLessThan(30_000)
  })

  test('with a rotten older version the bad block is noticed, and the copy is made elsewhere', async () => {
    const ring = await ringOf([100, 200, 300], { blockBytes, copies: 1 })
    await ring.machine(300).store('0050', original)
    const path = `/content/${hashOf(original).slice(0, 2)}/${hashOf(original)}`
    const file = await ring.machine(100).disk.open(path, 'write')
    await file.write(Buffer.from('rot'), 10 * blockBytes)
    await file.close()
    const next = changed(40)
    const stored = await ring.machine(300).store('0050', next)
    expect(stored.holders).not.toContain(ring.id(100))
    await ring.settle()
    expect(ring.machine(100).news).toContainEqual({ kind: 'copy-damaged', name: '0050' })
    const [holder = 0] = ring.holdersOf(next)
    expect(await ring.machine(holder).contents.verify(hashOf(next))).toBe(true)
  })
})
