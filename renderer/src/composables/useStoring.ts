/** Storing dropped or picked files. A name that is taken by other content becomes a question, never an overwrite. */

import { ref } from 'vue'
import type { DroppedFile, OnClash } from '../../../shared/contract.ts'
import { words } from '../locales/en.ts'
import { useNotices } from '../stores/notices.ts'
import { usePeer } from '../stores/peer.ts'

const uploading = ref<{ done: number; all: number } | null>(null)

export function useStoring() {
  const peer = usePeer()
  const notices = useNotices()

  async function store(files: readonly DroppedFile[], onClash: OnClash = 'decline'): Promise<void> {
    if (files.length === 0 || !peer.api) return
    // A browser sends the bytes itself: file by file, so that one that fails does not hold up the rest.
    const batches = peer.host === 'browser' ? files.map((file) => [file]) : [files]
    const clashes: DroppedFile[] = []
    let queued = 0
    for (const [index, batch] of batches.entries()) {
      if (batches.length > 1) uploading.value = { done: index, all: batches.length }
      const outcome = await peer.api.storeFiles(batch, onClash)
      if (outcome.ok) queued += outcome.queued
      else if (outcome.error.code === 'already-exists') clashes.push(...batch)
      else notices.fail(outcome.error)
    }
    uploading.value = null
    if (queued > 0) notices.good(words.notices.queued(queued))
    if (clashes.length > 0) askAbout(clashes)
  }

  function askAbout(clashes: readonly DroppedFile[]): void {
    const first = clashes[0]?.relativePath ?? ''
    notices.show({
      tone: 'warning',
      text: clashes.length === 1 ? words.notices.clash(first) : words.notices.clashMany(clashes.length),
      error: null,
      actions: [
        { label: words.actions.replace, run: () => void store(clashes, 'replace') },
        { label: words.actions.keepBoth, run: () => void store(clashes, 'keep-both') },
      ],
    })
  }

  /** The desktop asks with the system's dialog, a browser with a file input. */
  async function pick(): Promise<void> {
    if (peer.host === 'desktop') {
      const outcome = await peer.run('pickAndStore', null)
      if (!outcome.ok) notices.fail(outcome.error)
      else if (outcome.value.queued > 0) notices.good(words.notices.queued(outcome.value.queued))
      return
    }
    const input = document.createElement('input')
    input.type = 'file'
    input.multiple = true
    input.onchange = () => void store([...(input.files ?? [])].map((file) => ({ file, relativePath: file.name })))
    input.click()
  }

  return { store, pick, uploading }
}
