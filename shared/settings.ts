/** What a person may set. The type, the defaults and the bounds; unknown keys are dropped, bad values fall back and are named. */

export interface Settings {
  /** Name of this machine, shown to the others. 1 to 64 characters. */
  machineName: string
  /** Absolute path of the watched shared folder, or null for none. */
  sharedFolder: string | null
  /** Absolute path of the folder that requested files go to. */
  downloadsFolder: string
  /** Patterns (`*`, `?`) of base names that the shared folder ignores besides the built-in temporary files. */
  ignorePatterns: string[]
  /** Wait before missing copies are made again when more than one is left, in seconds. 0 to 86 400. */
  repairDelaySeconds: number
  /** Space offered to the ring in bytes, or null for half of what is free. */
  offeredBytes: number | null
  /** What all transfers together may send and receive, in bytes a second; null = as fast as it goes. 50 000 at least. */
  uploadLimit: number | null
  downloadLimit: number | null
  /** Of the bandwidth, what copies that the ring makes by itself may use, in percent. 1 to 100. */
  backgroundPercent: number
  theme: 'system' | 'light' | 'dark'
  notifications: boolean
  startAtLogin: boolean
  /** Announce this ring on the local network and look for others. */
  discovery: boolean
}

export const settingsDefaults: Omit<Settings, 'machineName' | 'sharedFolder' | 'downloadsFolder'> = {
  ignorePatterns: [],
  repairDelaySeconds: 600,
  offeredBytes: null,
  uploadLimit: null,
  downloadLimit: null,
  backgroundPercent: 50,
  theme: 'system',
  notifications: true,
  startAtLogin: false,
  discovery: true,
}

export const settingsLimits = {
  machineNameLength: 64,
  pathLength: 4096,
  ignorePatternCount: 100,
  ignorePatternLength: 100,
  repairDelaySecondsMax: 86_400,
  /** Below, eight connections that share it would be taken for silent. */
  rateLimitMin: 50_000,
} as const

const path = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= settingsLimits.pathLength

const rateLimit = (v: unknown): boolean =>
  v === null || (typeof v === 'number' && Number.isSafeInteger(v) && v >= settingsLimits.rateLimitMin)

const checks: { [K in keyof Settings]: (value: unknown) => boolean } = {
  machineName: (v) => typeof v === 'string' && v.trim().length > 0 && v.length <= settingsLimits.machineNameLength,
  sharedFolder: (v) => v === null || path(v),
  downloadsFolder: path,
  ignorePatterns: (v) =>
    Array.isArray(v) &&
    v.length <= settingsLimits.ignorePatternCount &&
    v.every((p) => typeof p === 'string' && p.length > 0 && p.length <= settingsLimits.ignorePatternLength),
  repairDelaySeconds: (v) => typeof v === 'number' && v >= 0 && v <= settingsLimits.repairDelaySecondsMax,
  offeredBytes: (v) => v === null || (typeof v === 'number' && Number.isSafeInteger(v) && v >= 0),
  uploadLimit: rateLimit,
  downloadLimit: rateLimit,
  backgroundPercent: (v) => typeof v === 'number' && Number.isInteger(v) && v >= 1 && v <= 100,
  theme: (v) => v === 'system' || v === 'light' || v === 'dark',
  notifications: (v) => typeof v === 'boolean',
  startAtLogin: (v) => typeof v === 'boolean',
  discovery: (v) => typeof v === 'boolean',
}

/** The valid part of `input`, and the names of the settings that were not valid. Never throws. */
export function validateSettings(input: unknown): { valid: Partial<Settings>; invalid: string[] } {
  const valid: Record<string, unknown> = {}
  const invalid: string[] = []
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return { valid: {}, invalid: ['settings'] }
  for (const [name, value] of Object.entries(input)) {
    if (!Object.hasOwn(checks, name) || value === undefined) continue
    if (checks[name as keyof Settings](value)) valid[name] = value
    else invalid.push(name)
  }
  return { valid, invalid }
}
