/** The settings a person chose, in `<data>/settings.json`. Only what differs from nothing said is kept: defaults may change with the app. */

import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import Conf from 'conf'
import { AppError } from '../../../shared/errors.ts'
import { validateSettings } from '../../../shared/settings.ts'
import type { Settings } from '../../../shared/settings.ts'

export class SettingsFile {
  /** What was wrong with the file at start, for a person. Empty when nothing was. */
  readonly notes: readonly string[]
  readonly #conf: Conf
  readonly #defaults: Settings
  #current: Settings

  private constructor(conf: Conf, defaults: Settings, notes: string[]) {
    const { valid, invalid } = validateSettings(conf.store)
    this.#conf = conf
    this.#defaults = defaults
    this.#current = { ...defaults, ...valid }
    this.notes = [...notes, ...invalid.map((name) => `The setting "${name}" is not valid: its default is used`)]
  }

  /** Opens the settings in the data folder. A damaged file is moved to settings.json.bad; a bad value falls back to its default. */
  static load(folder: string, defaults: Settings): SettingsFile {
    const notes = moveDamaged(join(folder, 'settings.json'))
    const conf = new Conf({
      cwd: folder,
      configName: 'settings',
      clearInvalidConfig: true,
      accessPropertiesByDotNotation: false,
    })
    return new SettingsFile(conf, defaults, notes)
  }

  get settings(): Settings {
    return { ...this.#current }
  }

  /** Sets some of them, kept at once. Result: all of them. AppError('bad-argument') naming what is not valid: then none is set. */
  update(patch: Partial<Settings>): Settings {
    const { valid, invalid } = validateSettings(patch)
    if (invalid.length > 0) throw new AppError('bad-argument', `Not valid: ${invalid.join(', ')}`, { settings: invalid.join(', ') })
    const kept = { ...this.#conf.store, ...valid }
    this.#conf.store = kept
    this.#current = { ...this.#defaults, ...validateSettings(kept).valid }
    return this.settings
  }
}

/** Moves a file aside that is no JSON object. Result: what to tell about it. */
function moveDamaged(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return []
  } catch {
    // told below
  }
  renameSync(path, `${path}.bad`)
  return [`The settings were damaged: they were moved to ${path}.bad, and the defaults are used`]
}
