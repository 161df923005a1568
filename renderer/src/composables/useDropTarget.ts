/** The whole window takes files. Enter and leave come in pairs for every element crossed, so they are counted. */

import { useEventListener } from '@vueuse/core'
import { ref } from 'vue'
import { readDrop } from '../model/dropped-files.ts'
import { usePeer } from '../stores/peer.ts'
import { useStoring } from './useStoring.ts'

export function useDropTarget() {
  const over = ref(false)
  const peer = usePeer()
  const { store } = useStoring()
  let depth = 0
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false

  useEventListener(window, 'dragenter', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    depth++
    over.value = true
  })
  useEventListener(window, 'dragover', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy'
  })
  useEventListener(window, 'dragleave', (event) => {
    if (!hasFiles(event)) return
    depth = Math.max(0, depth - 1)
    over.value = depth > 0
  })
  useEventListener(window, 'drop', (event) => {
    event.preventDefault()
    depth = 0
    over.value = false
    if (event.dataTransfer && hasFiles(event)) void readDrop(event.dataTransfer, peer.host).then((files) => store(files))
  })
  return over
}
