import vue from '@vitejs/plugin-vue'
import icons from 'unplugin-icons/vite'
import { defineConfig } from 'vitest/config'

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
      { test: { name: 'sim', include: ['tests/{sim,scale,transfer}/**/*.test.ts'], environment: 'node', testTimeout: 600_000 } },
      {
        test: {
          name: 'real',
          include: ['tests/{cluster,window,shell}/**/*.test.ts', 'tests/chaos/campaign.test.ts'],
          environment: 'node',
          // after all others, one file at a time: real processes get the machine to themselves
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
