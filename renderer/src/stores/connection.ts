/** The way to the peer: where every store sends its commands. What comes back as news goes through `peer.ts`. */

import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { CommandName, Commands, Outcome } from '../../../shared/contract.ts'
import type { WindowApi } from '../api.ts'

export const useConnection = defineStore('connection', () => {
  const api = shallowRef<WindowApi | null>(null)

  function run<K extends CommandName>(name: K, argument: Commands[K]['argument']): Promise<Outcome<K>> {
    if (!api.value) return Promise.resolve({ ok: false, error: { code: 'peer-not-running', message: 'Not connected', facts: {} } })
    return api.value.run(name, argument)
  }

  return { api, run }
})
