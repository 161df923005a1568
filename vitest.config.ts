import vue from '@vitejs/plugin-vue'
import icons from 'unplugin-icons/vite'
import { defineConfig } from 'vitest/config'

const computed = 'tests/{sim,scale,transfer}/**/*.test.ts'
const manySeeds = 'tests/sim/many-seeds.test.ts'

/** What computes runs first, on all cores; what starts processes comes last, so that two cores are enough everywhere. */
export default defineConfig({
  test: {
    reporters: ['default', './tests/reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{shared,electron,scripts}/**/*.test.ts',
            'tests/{wire,compliance}/**/*.test.ts',
            'tests/chaos/{ledger,fault-*}.test.ts',
          ],
          environment: 'node',
        },
      },
      {
        plugins: [vue(), icons({ compiler: 'vue3' })],
        test: { name: 'renderer', include: ['renderer/**/*.test.ts'], environment: 'happy-dom' },
      },
      { test: { name: 'sim', include: [computed], exclude: [manySeeds], environment: 'node', testTimeout: 600_000 } },
      {
        // keeps all cores busy by itself, and has a bound in minutes
        test: { name: 'seeds', include: [manySeeds], environment: 'node', testTimeout: 600_000, sequence: { groupOrder: 1 } },
      },
      {
        test: {
          name: 'real',
          include: ['tests/{cluster,window,shell}/**/*.test.ts', 'tests/chaos/campaign.test.ts'],
          environment: 'node',
          // after all others, one file at a time: real processes get the machine to themselves
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
