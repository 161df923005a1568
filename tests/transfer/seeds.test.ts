/** Whatever breaks, people get the right bytes or a clear error: never a wrong file, never half of one. */

import { describe, expect, test } from 'vitest'
import { runSeed } from './run.ts'

/** All together take about half a minute. */
const seeds = 300
const seedsPerTest = 25

describe('files moved while connections break, machines die, disks fail and bytes rot', () => {
  const firsts = Array.from({ length: seeds / seedsPerTest }, (_, index) => 1 + index * seedsPerTest)

  test.each(firsts)('arrive as they are or not at all: 25 seeds from %i on', async (first) => {
    for (let seed = first; seed < first + seedsPerTest; seed++) {
      const { flaw } = await runSeed(seed)
      expect(flaw, `replay with: npm run transfers -- --seed ${seed}`).toBeNull()
    }
  })

  test('the same seed is the same run', async () => {
    expect((await runSeed(7)).hash).toBe((await runSeed(7)).hash)
  })
})
