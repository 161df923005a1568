import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watch } from 'vue'
import { drawn } from './drawn.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('news after a rest are shown at the next frame; in a burst all that changed is shown together, ten times a second', async () => {
  await vi.advanceTimersByTimeAsync(1_000)
  const [files, lines] = [drawn(0), drawn(0)]
  const shown: [number, number][] = []
  watch([files.value, lines.value], ([file, line]) => shown.push([file, line]), { flush: 'sync' })

  files.change(() => 1)
  expect(shown).toEqual([])
  await vi.advanceTimersByTimeAsync(17)
  expect(shown).toEqual([[1, 0]])

  for (let n = 2; n <= 51; n++) {
    files.change(() => n)
    lines.change(() => n)
    await vi.advanceTimersByTimeAsync(10)
  }
  await vi.advanceTimersByTimeAsync(200)
  // each time the two, one after the other
  expect(shown.length).toBeLessThanOrEqual(1 + 2 * 6)
  expect(shown.at(-1)).toEqual([51, 51])
})
