/** What a person can do with files, each ending in a notice that says how it went. */

import type { CommandName, Outcome } from '../../../shared/contract.ts'
import { words } from '../locales/en.ts'
import { splitName } from '../model/file-name.ts'
import { useNotices } from '../stores/notices.ts'
import { usePeer } from '../stores/peer.ts'
import { useWindow } from '../stores/window.ts'

export function useActions() {
  const peer = usePeer()
  const notices = useNotices()
  const view = useWindow()

  function report<K extends CommandName>(outcome: Outcome<K>): outcome is Extract<Outcome<K>, { ok: true }> {
    if (!outcome.ok) notices.fail(outcome.error)
    return outcome.ok
  }

  /** Runs one command for each name, one after the other; the names it worked for. */
  async function each(names: readonly string[], run: (name: string) => Promise<Outcome<CommandName>>): Promise<string[]> {
    const done: string[] = []
    for (const name of names) if (report(await run(name))) done.push(name)
    return done
  }

  const base = (names: readonly string[]): string => splitName(names[0] ?? '').base

  async function request(names: readonly string[]): Promise<boolean> {
    const done = await each(names, (name) => peer.run('requestFile', { name, version: null }))
    if (done.length > 0) {
      notices.good(words.notices.requested(done.length, base(done)), [
        { label: words.actions.showTransfers, run: () => view.show('transfers') },
      ])
    }
    return done.length > 0
  }

  async function saveAs(name: string): Promise<void> {
    report(await peer.run('requestFileAs', { name }))
  }

  /** Asks first; `removeNow` is what the question's button does. */
  function remove(names: readonly string[]): void {
    if (names.length > 0) view.removing = [...names]
  }

  async function removeNow(names: readonly string[]): Promise<void> {
    const done = await each(names, (name) => peer.run('removeFile', { name }))
    if (done.length === 0) return
    view.select([], null)
    notices.good(words.details.removed(done.length, base(done)), [{ label: words.actions.undo, run: () => void restore(done) }])
  }

  async function restore(names: readonly string[]): Promise<void> {
    const done = await each(names, (name) => peer.run('restoreFile', { name }))
    if (done.length > 0) notices.good(words.details.restored(done.length, base(done)))
  }

  async function verify(name: string): Promise<void> {
    if (report(await peer.run('verifyFile', { name }))) notices.good(words.details.verifiedNow(splitName(name).base))
  }

  async function showInFolder(path: string): Promise<void> {
    report(await peer.run('showInFolder', { path }))
  }

  return { request, saveAs, remove, removeNow, restore, verify, showInFolder, report }
}
