/** Selection in the file list, by mouse and by keyboard, as in a file manager. */

import { useFileList } from '../stores/file-list.ts'
import { useWindow } from '../stores/window.ts'
import { useActions } from './useActions.ts'

export function useRowKeys(size: { height: () => number; rowHeight: () => number }) {
  const view = useWindow()
  const list = useFileList()
  const actions = useActions()
  let anchor = -1

  const nameAt = (index: number): string | null => list.rows[index]?.name ?? null
  const currentIndex = (): number => list.indexOf(view.current)

  function only(index: number): void {
    const name = nameAt(index)
    if (name === null) return
    anchor = index
    view.select([name], name)
  }

  function range(to: number): void {
    const from = anchor < 0 ? Math.max(0, currentIndex()) : anchor
    anchor = from
    const names = list.rows.slice(Math.min(from, to), Math.max(from, to) + 1).map((row) => row.name)
    view.select(names, nameAt(to))
  }

  function toggle(index: number): void {
    const name = nameAt(index)
    if (name === null) return
    const names = new Set(view.selected)
    if (!names.delete(name)) names.add(name)
    anchor = index
    view.select(names, name)
  }

  function onClick(index: number, event: MouseEvent): void {
    if (event.shiftKey) range(index)
    else if (event.ctrlKey || event.metaKey) toggle(index)
    else {
      only(index)
      view.detailsOpen = true
    }
  }

  function move(to: number, extend: boolean): void {
    const index = Math.min(Math.max(to, 0), list.rows.length - 1)
    if (extend) range(index)
    else only(index)
  }

  function open(): void {
    view.detailsOpen = true
  }

  function onKey(event: KeyboardEvent): void {
    if (event.target instanceof HTMLButtonElement) return
    const at = currentIndex()
    const page = Math.max(1, Math.floor(size.height() / size.rowHeight()) - 1)
    const chosen = [...view.selected]
    const command = event.ctrlKey || event.metaKey
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? list.rows.length - 1 : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: list.rows.length - 1,
    }
    const step = steps[event.key]
    if (step !== undefined) move(step, event.shiftKey)
    else if (event.key === 'Enter' && chosen.length > 0) void actions.request(chosen)
    else if (event.key === ' ' && at >= 0) {
      if (command) toggle(at)
      else open()
    } else if ((event.key === 'Delete' || (event.key === 'Backspace' && event.metaKey)) && chosen.length > 0) actions.remove(chosen)
    else if (event.key === 'Escape' && (view.detailsOpen || chosen.length > 0)) {
      view.detailsOpen = false
      view.select([], null)
    } else if (event.key.toLowerCase() === 'a' && command) {
      view.select(
        list.rows.map((row) => row.name),
        view.current ?? nameAt(0),
      )
    } else return
    event.preventDefault()
  }

  /** Coming in by keyboard puts the mark on the first row when it is nowhere to be seen. */
  function onFocus(event: FocusEvent): void {
    const byKeyboard = event.target instanceof HTMLElement && event.target.matches(':focus-visible')
    if (byKeyboard && currentIndex() < 0 && list.rows.length > 0) only(0)
  }

  return { onClick, onKey, onFocus, open }
}
