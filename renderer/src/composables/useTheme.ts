/** Light, dark, or as the system. The last choice is kept in the page too, so that a reload does not flash. */

import { usePreferredDark } from '@vueuse/core'
import { watchEffect } from 'vue'
import { usePeer } from '../stores/peer.ts'
import { useSettings } from '../stores/settings.ts'

const key = 'ringdrop.theme'

function apply(theme: string, systemDark: boolean): void {
  document.documentElement.dataset['theme'] = theme === 'dark' || (theme !== 'light' && systemDark) ? 'dark' : 'light'
}

export function showStoredTheme(): void {
  apply(localStorage.getItem(key) ?? 'system', window.matchMedia('(prefers-color-scheme: dark)').matches)
}

export function useTheme(): void {
  const peer = usePeer()
  const settings = useSettings()
  const systemDark = usePreferredDark()
  watchEffect(() => {
    if (peer.state === 'opening') return apply(localStorage.getItem(key) ?? 'system', systemDark.value)
    localStorage.setItem(key, settings.settings.theme)
    apply(settings.settings.theme, systemDark.value)
  })
}
