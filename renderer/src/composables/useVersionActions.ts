/** What a person can do with one of several versions of a file, each ending in a notice that says how it went. */

import type { VersionView, WhereView } from '../../../shared/views.ts'
import { words } from '../locales/en.ts'
import { formatSentenceTime } from '../model/dates.ts'
import { splitName } from '../model/file-name.ts'
import { useNotices, type NoticeAction } from '../stores/notices.ts'
import { usePeer } from '../stores/peer.ts'
import { useActions } from './useActions.ts'

export function useVersionActions() {
  const peer = usePeer()
  const notices = useNotices()
  const { report } = useActions()
  const base = (name: string): string => splitName(name).base

  /** Ends a conflict: the others become earlier versions. */
  async function use({ name }: WhereView, { version }: VersionView): Promise<void> {
    if (report(await peer.run('chooseVersion', { name, version }))) notices.good(words.versions.used(base(name)))
  }

  /** Ends a conflict: this version gets a name of its own. */
  async function keepBoth({ name }: WhereView, { version }: VersionView): Promise<void> {
    const outcome = await peer.run('keepBothVersions', { name, version })
    if (report(outcome)) notices.good(words.versions.keptBoth(base(name), base(outcome.value.name)))
  }

  async function takeBack(name: string, { version, storedAt }: VersionView, actions: readonly NoticeAction[] = []): Promise<void> {
    if (!report(await peer.run('restoreFile', { name, version }))) return
    notices.good(words.versions.restored(base(name), formatSentenceTime(storedAt, Date.now())), actions)
  }

  /** Makes an earlier version the current one; the one that was current can be had back at once. */
  async function restore({ name, versions }: WhereView, version: VersionView): Promise<void> {
    const before = versions.find(({ state }) => state === 'current')
    await takeBack(name, version, before ? [{ label: words.actions.undo, run: () => void takeBack(name, before) }] : [])
  }

  /** The version as a file of its own, beside what is there. */
  async function saveCopy({ name }: WhereView, { version }: VersionView): Promise<void> {
    if (report(await peer.run('requestFile', { name, version }))) notices.good(words.versions.copyRequested(base(name)))
  }

  return { use, keepBoth, restore, saveCopy }
}
