/**
 * Where the window was, kept in `window.json` and checked against the displays that are there now: a window that was left on
 * a screen since unplugged must not open out of sight.
 */

import { readFile, rename, writeFile } from 'node:fs/promises'

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface WindowState {
  /** Null: centred, in the default size. */
  readonly bounds: Box | null
  readonly maximized: boolean
  /** The person was told once that closing the window does not quit. */
  readonly closingExplained: boolean
}

export const windowSize = { width: 1040, height: 680, minWidth: 480, minHeight: 420 } as const
export const freshState: WindowState = { bounds: null, maximized: false, closingExplained: false }

/** Pixels of the title bar that must lie on a display, so that the window can be taken hold of. */
const gripWidth = 120
const gripHeight = 40

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

function readBox(value: unknown): Box | null {
  if (typeof value !== 'object' || value === null) return null
  const { x, y, width, height } = value as Record<string, unknown>
  if (!isNumber(x) || !isNumber(y) || !isNumber(width) || !isNumber(height)) return null
  return { x: Math.round(x), y: Math.round(y), width: Math.round(width), height: Math.round(height) }
}

/** The state in a file's text; anything that does not fit falls back to the defaults. */
export function parseWindowState(text: string): WindowState {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return freshState
    const { bounds, maximized, closingExplained } = value as Record<string, unknown>
    return { bounds: readBox(bounds), maximized: maximized === true, closingExplained: closingExplained === true }
  } catch {
    return freshState
  }
}

/**
 * The bounds to open with: the kept ones, no smaller than the least size and no larger than the display they are on, or
 * null when no display (given as work areas) shows enough of the title bar.
 */
export function fitBounds(kept: Box | null, workAreas: readonly Box[]): Box | null {
  if (!kept) return null
  const area = workAreas.find(
    (a) =>
      Math.min(kept.x + kept.width, a.x + a.width) - Math.max(kept.x, a.x) >= gripWidth &&
      kept.y >= a.y - gripHeight / 2 &&
      kept.y + gripHeight <= a.y + a.height,
  )
  if (!area) return null
  return {
    x: kept.x,
    y: Math.max(kept.y, area.y),
    width: Math.max(windowSize.minWidth, Math.min(kept.width, area.width)),
    height: Math.max(windowSize.minHeight, Math.min(kept.height, area.height)),
  }
}

export interface WindowStateStore {
  get(): WindowState
  /** Kept in memory at once, on disk soon. */
  update(patch: Partial<WindowState>): void
  /** Resolves when the last update is on disk. Never rejects: a lost window size is no reason to fail. */
  flush(): Promise<void>
}

/** Moving a window makes dozens of events a second; the file is written once they pause for this long. */
const writeDelayMs = 500

export async function openWindowState(file: string): Promise<WindowStateStore> {
  let state = parseWindowState(await readFile(file, 'utf8').catch(() => ''))
  let timer: NodeJS.Timeout | null = null
  let writing = Promise.resolve()
  const write = (): Promise<void> => {
    if (timer) clearTimeout(timer)
    timer = null
    const text = JSON.stringify(state)
    writing = writing
      .then(() => writeFile(`${file}.part`, text))
      .then(() => rename(`${file}.part`, file))
      .catch(() => undefined)
    return writing
  }
  return {
    get: () => state,
    update: (patch) => {
      state = { ...state, ...patch }
      timer ??= setTimeout(() => void write(), writeDelayMs)
    },
    flush: () => (timer ? write() : writing),
  }
}
