import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { PlainError } from '../../../shared/errors.ts'
import { settingsDefaults, type Settings } from '../../../shared/settings.ts'
import { useConnection } from './connection.ts'

export const useSettings = defineStore('settings', () => {
  const settings = shallowRef<Settings>({ ...settingsDefaults, machineName: '', sharedFolder: null, downloadsFolder: '' })

  function fill(value: Settings): void {
    settings.value = value
  }

  /** Saves at once. Null when it worked, else why not; the shown value stays what the peer has. */
  async function save(change: Partial<Settings>): Promise<PlainError | null> {
    const outcome = await useConnection().run('updateSettings', change)
    if (!outcome.ok) return outcome.error
    settings.value = outcome.value
    return null
  }

  return { settings, fill, save }
})
