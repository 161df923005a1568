import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { words } from '../locales/en.ts'
import { usePeer } from '../stores/peer.ts'
import AppFooter from './AppFooter.vue'

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
})
afterEach(() => vi.useRealTimers())

test('a connection that does not come back may be to a peer that was started again: that is said after a while', async () => {
  const peer = usePeer()
  const footer = mount(AppFooter)
  const after = async (state: typeof peer.state, ms: number): Promise<string> => {
    peer.state = state
    await vi.advanceTimersByTimeAsync(ms)
    return footer.text()
  }
  expect(await after('lost', 14_000)).toContain(words.connection.lost)
  expect(await after('lost', 2_000)).toContain(words.connection.lostLong)
  expect(await after('ready', 0)).not.toContain('Connection lost')
  expect(await after('lost', 1_000)).toContain(words.connection.lost)
})
