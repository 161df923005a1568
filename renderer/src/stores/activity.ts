import { defineStore } from 'pinia'
import type { ActivityView } from '../../../shared/views.ts'
import { drawn } from './drawn.ts'

/** Lines kept in the window; the peer keeps more on disk. */
const linesMax = 5000
const linesSlack = 500

export const useActivity = defineStore('activity', () => {
  const activity = drawn<ActivityView[]>([])
  const lines = activity.value

  function fill(all: readonly ActivityView[]): void {
    activity.change(() => [...all])
    activity.show()
  }

  function append(more: readonly ActivityView[]): void {
    activity.change((kept) => {
      const last = kept.at(-1)?.sequence ?? -1
      for (const line of more) if (line.sequence > last) kept.push(line)
      return kept.length > linesMax + linesSlack ? kept.slice(-linesMax) : undefined
    })
  }

  return { lines, fill, append }
})
