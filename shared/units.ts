/** Sizes, speeds and durations as people read them: decimal units, one function for all places. */

const sizeUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** 1_400_000 -> "1.4 MB". Whole numbers from 10 up, one decimal under 10 (bytes never). */
export function formatSize(sizeBytes: number): string {
  let value = sizeBytes
  let unit = 0
  while (value >= 999.5 && unit < sizeUnits.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 9.95 ? 0 : 1
  return `${value.toFixed(digits)} ${sizeUnits[unit] ?? 'PB'}`
}

/** Bytes a second -> "84 MB/s". */
export function formatSpeed(bytesPerSecond: number): string {
  return `${formatSize(bytesPerSecond)}/s`
}

/** 1204 -> "1 204", with a narrow no-break space between thousands. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

/** Milliseconds -> "40 s", "3 min", "2 h", "5 days". */
export function formatDuration(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000)
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  if (hours < 36) return `${hours} h`
  return `${Math.round(hours / 24)} days`
}
