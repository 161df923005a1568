/** Each planted fault is found: a simulator that lets one pass would let others of its kind pass, too. */

import { describe, expect, it } from 'vitest'
import { hunt } from './hunt.ts'
import { plantedFaults } from './planted-faults.ts'

describe('a planted fault', () => {
  it.each(plantedFaults)('is found: npm run sim -- --planted $name', async (fault) => {
    const { catches } = await hunt(fault, { starts: [1], most: fault.seeds, workers: 1 })
    expect(catches.map((caught) => caught.flaw)).not.toEqual([null])
  })
})
