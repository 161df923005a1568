/**
 * The connection to the peer and the one subscription to its news, handed on to the stores by kind. News that arrive while the
 * snapshot is on its way are kept and applied after it, so nothing falls between the two.
 */

import { defineStore, storeToRefs } from 'pinia'
import { onScopeDispose, ref, shallowRef } from 'vue'
import type { MenuAction, News, Snapshot } from '../../../shared/contract.ts'
import type { PlainError } from '../../../shared/errors.ts'
import { watchConnection, type WindowApi } from '../api.ts'
import { useActivity } from './activity.ts'
import { useConnection } from './connection.ts'
import { useFiles } from './files.ts'
import { useNotices } from './notices.ts'
import { useRing } from './ring.ts'
import { useSettings } from './settings.ts'
import { useTransfers } from './transfers.ts'
import { useTrash } from './trash.ts'

export const usePeer = defineStore('peer', () => {
  const connection = useConnection()
  const { api } = storeToRefs(connection)
  const { run } = connection
  const host = ref<'desktop' | 'browser'>('browser')
  const platform = ref('browser')
  const version = ref('')
  const state = ref<'opening' | 'ready' | 'lost'>('opening')
  const openError = shallowRef<PlainError | null>(null)
  const menuListeners = new Set<(action: MenuAction) => void>()
  const releases: (() => void)[] = []
  let early: News[] | null = []
  let attempt = 0

  function connect(to: WindowApi): void {
    api.value = to
    host.value = to.host
    platform.value = to.platform
    releases.push(to.onNews((news) => (early ? early.push(news) : apply(news))))
    releases.push(
      watchConnection(to, (connected) => {
        if (connected && state.value !== 'ready') void open()
        else if (!connected && state.value === 'ready') state.value = 'lost'
      }),
    )
    void open()
  }

  async function open(): Promise<void> {
    const mine = ++attempt
    early ??= []
    const outcome = await run('open', null)
    if (mine !== attempt) return
    if (!outcome.ok) {
      openError.value = outcome.error
      return
    }
    openError.value = null
    fill(outcome.value)
    state.value = 'ready'
    const kept = early
    early = null
    for (const news of kept) apply(news)
    await readOn(outcome.value.files.next, mine)
  }

  /** Reads the other files, a page after the other. Should the connection go meanwhile, the next one begins anew. */
  async function readOn(first: number | null, mine: number): Promise<void> {
    for (let next = first; next !== null;) {
      const outcome = await run('listFiles', { next })
      if (mine !== attempt || !outcome.ok) return
      useFiles().add(outcome.value)
      next = outcome.value.next
    }
  }

  function fill(snapshot: Snapshot): void {
    host.value = snapshot.host
    version.value = snapshot.version
    useRing().fill(snapshot)
    useFiles().fill(snapshot.files)
    useTransfers().fill(snapshot.transfers)
    useActivity().fill(snapshot.activity)
    useSettings().fill(snapshot.settings)
    useTrash().refresh()
  }

  function apply(news: News): void {
    switch (news.kind) {
      case 'ring':
        return useRing().setRing(news.ring)
      case 'files':
        useTrash().filesChanged(news.changed, news.removed)
        return useFiles().apply(news.changed, news.removed)
      case 'transfers':
        return useTransfers().apply(news.changed, news.removed)
      case 'activity':
        return useActivity().append(news.lines)
      case 'safety':
        return useRing().setSafety(news.safety)
      case 'settings':
        return useSettings().fill(news.settings)
      case 'nearby':
        return useRing().setNearby(news.rings)
      case 'leaving':
        return useRing().setLeaving(news.leaving)
      case 'notice':
        return useNotices().fromPeer(news.notice)
      case 'menu':
        for (const listener of menuListeners) listener(news.action)
    }
  }

  function onMenu(listener: (action: MenuAction) => void): void {
    menuListeners.add(listener)
    onScopeDispose(() => menuListeners.delete(listener))
  }

  function disconnect(): void {
    for (const release of releases.splice(0)) release()
  }

  return { api, host, platform, version, state, openError, connect, disconnect, open, run, onMenu }
})
