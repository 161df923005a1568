/// <reference types="unplugin-icons/types/vue" />
import type { Api } from '../../shared/contract.ts'

declare global {
  interface Window {
    /** Put there by the desktop app's preload; a browser has none. */
    readonly api?: Api
  }
}
