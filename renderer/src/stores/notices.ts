/** What a person should read now: one cause, one notice, with what can be done as buttons. */

import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { Notice } from '../../../shared/contract.ts'
import type { PlainError } from '../../../shared/errors.ts'
import { words } from '../locales/en.ts'
import { useConnection } from './connection.ts'
import { useWindow } from './window.ts'

export interface NoticeAction {
  readonly label: string
  readonly run: () => void
}

export interface ShownNotice {
  readonly id: number
  readonly tone: 'good' | 'warning' | 'bad'
  readonly text: string
  readonly hint: string | null
  readonly error: PlainError | null
  readonly actions: readonly NoticeAction[]
}

const shownMax = 4
const goodMs = 6_000

export const useNotices = defineStore('notices', () => {
  const notices = shallowRef<readonly ShownNotice[]>([])
  let lastId = 0

  function show(notice: Omit<ShownNotice, 'id' | 'hint'> & { readonly hint?: string | null }): number {
    const id = ++lastId
    const others = notices.value.filter((other) => other.text !== notice.text)
    notices.value = [...others, { hint: null, ...notice, id }].slice(-shownMax)
    if (notice.tone === 'good') setTimeout(() => dismiss(id), notice.actions.length > 0 ? goodMs * 2 : goodMs)
    return id
  }

  function dismiss(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }

  const good = (text: string, actions: readonly NoticeAction[] = []): number => show({ tone: 'good', text, error: null, actions })

  function fail(error: PlainError, actions: readonly NoticeAction[] = []): void {
    if (error.code === 'cancelled') return
    show({
      tone: error.code === 'already-exists' ? 'warning' : 'bad',
      text: error.message,
      hint: words.notices.hint(error.code),
      error,
      actions,
    })
  }

  function fromPeer(notice: Notice): void {
    const retry = (onClash: 'decline' | 'replace' | 'keep-both') => (): void => {
      if (notice.transferId !== null)
        void useConnection()
          .run('retryTransfer', { id: notice.transferId, onClash })
          .then((o) => o.ok || fail(o.error))
    }
    const actions: Record<Notice['actions'][number], NoticeAction> = {
      replace: { label: words.actions.replace, run: retry('replace') },
      'keep-both': { label: words.actions.keepBoth, run: retry('keep-both') },
      retry: { label: words.actions.retry, run: retry('decline') },
      'show-transfers': { label: words.actions.showTransfers, run: () => useWindow().show('transfers') },
    }
    const { tone, text, error } = notice
    show({ tone, text, error, hint: error ? words.notices.hint(error.code) : null, actions: notice.actions.map((name) => actions[name]) })
  }

  return { notices, show, good, fail, fromPeer, dismiss }
})
