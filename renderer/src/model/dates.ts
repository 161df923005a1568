/** Points in time as people read them. `now` comes in, so that a list asks the clock once. */

import { formatDuration } from '../../../shared/units.ts'
import { words } from '../locales/en.ts'

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const clockSeconds = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const dayOfWeek = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' })
const dayOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const dayAndYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const dayMs = 86_400_000

const startOfDay = (at: number): number => new Date(at).setHours(0, 0, 0, 0)

export const formatClockSeconds = (at: number): string => clockSeconds.format(at)
export const formatExact = (at: number): string => `${dayAndYear.format(at)}, ${clock.format(at)}`

/** "today 09:12", "yesterday", "Mon 16 Nov", "12 Nov", "12 Nov 2024". */
export function formatWhen(at: number, now: number): string {
  const today = startOfDay(now)
  if (at >= today) return `${words.time.today} ${clock.format(at)}`
  if (at >= today - dayMs) return words.time.yesterday
  if (at >= today - 6 * dayMs) return dayOfWeek.format(at).replace(',', '')
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? dayOfYear.format(at) : dayAndYear.format(at)
}

/** As formatWhen, inside a sentence: "today at 09:12", "yesterday", "on Mon 16 Nov". */
export function formatSentenceTime(at: number, now: number): string {
  const today = startOfDay(now)
  if (at >= today) return words.time.todayAt(clock.format(at))
  return at >= today - dayMs ? words.time.yesterday : words.time.on(formatWhen(at, now))
}

/** "2 h ago", "just now". */
export function formatAgo(at: number, now: number): string {
  const passed = now - at
  return passed < 5_000 ? words.time.justNow : words.time.ago(formatDuration(passed))
}

/** "14:02" today, "yesterday 14:02" or "Mon 16 Nov" before: since when a machine is away. */
export function formatSince(at: number, now: number): string {
  return at >= startOfDay(now) ? clock.format(at) : formatWhen(at, now)
}

/** 2.6 -> "3 ms", 0.4 -> "< 1 ms". */
export function formatTrip(ms: number): string {
  return ms < 1 ? '< 1 ms' : `${Math.round(ms)} ms`
}

/** 272_000 -> "4:32", 3_700_000 -> "1:01:40". */
export function formatCountdown(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000))
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor((total % 3600) / 60)
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`
}
