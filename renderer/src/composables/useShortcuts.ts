/** Keys that work everywhere in the window: Ctrl/Cmd+1..5 for the views, Ctrl/Cmd+F or / for the field; and the menu's wishes. */

import { useEventListener } from '@vueuse/core'
import type { MenuAction } from '../../../shared/contract.ts'
import { usePeer } from '../stores/peer.ts'
import { useWindow, viewNames } from '../stores/window.ts'
import { useStoring } from './useStoring.ts'

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))

export function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('#search')
  field?.focus()
  field?.select()
}

export function useShortcuts(): void {
  const view = useWindow()
  const { pick } = useStoring()

  useEventListener(window, 'keydown', (event) => {
    if (document.querySelector('[role=dialog], [role=alertdialog]')) return
    const command = event.ctrlKey || event.metaKey
    const wanted = command && !event.altKey ? viewNames[Number(event.key) - 1] : undefined
    if (wanted) view.show(wanted)
    else if ((command && event.key.toLowerCase() === 'f') || (event.key === '/' && !command && !isTyping(event.target))) focusSearch()
    else return
    event.preventDefault()
  })

  usePeer().onMenu((action: MenuAction) => {
    if (action === 'find') focusSearch()
    else if (action === 'add') void pick()
    else if (action === 'invite') view.dialog = 'invite'
    else view.show(action)
  })
}
