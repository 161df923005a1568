import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { faultyLink } from '../../../tests/fakes/faulty-link.ts'
import { ringOf, type FileRing } from '../../../tests/fakes/file-ring.ts'
import { rotSmall } from '../../../tests/fakes/small-places.ts'
import { askManifest } from './exchange.ts'
import { findFile } from './request-file.ts'

/** Of more than one block: its block list is made from its bytes. */
const bytes = Buffer.from('small, but of several blocks'.repeat(400))
const sha256 = createHash('sha256').update(bytes).digest('hex')

async function ringWithRot(): Promise<FileRing> {
  const ring = await ringOf([100, 200], { blockBytes: 4096, small: true, copies: 2, link: () => faultyLink() })
  await ring.machine(100).store('0050', bytes)
  rotSmall(ring.machine(100), sha256, 5_000)
  return ring
}

describe('a damaged small copy on the machine that asks', () => {
  test('is passed over, and a good one replaces it', async () => {
    const ring = await ringWithRot()
    const found = await findFile(ring.machine(100).context, '0050', null)
    expect(found.holders.map((holder) => holder.id)).toContain(ring.id(200))
    await ring.run(10_000)
    expect(await ring.machine(100).contents.verify(sha256)).toBe(true)
  })

  test('is replaced by the same file stored again', async () => {
    const ring = await ringWithRot()
    const stored = await ring.machine(100).store('0050', bytes)
    expect(stored.holders).toContain(ring.id(100))
    expect(await ring.machine(100).contents.verify(sha256)).toBe(true)
  })

  test('is read again when another machine asks for it', async () => {
    const ring = await ringWithRot()
    const { context } = ring.machine(200)
    const asked = askManifest(context, ring.machine(100).contact, { name: '0050', sha256, manifestSha256: sha256 })
    await expect(asked).rejects.toMatchObject({ code: 'peer-unreachable' })
    await ring.run(10_000)
    expect(await ring.machine(100).contents.verify(sha256)).toBe(true)
  })
})
