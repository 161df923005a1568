import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import icons from 'unplugin-icons/vite'
import type { UserConfig } from 'vite'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The window's pages: the desktop app loads them from its own protocol, the headless peer serves them. No inline script, no inline style. */
const config: UserConfig = {
  root: at('.'),
  base: './',
  plugins: [vue(), tailwindcss(), icons({ compiler: 'vue3', scale: 1 })],
  build: {
    outDir: at('../out/renderer'),
    emptyOutDir: true,
    target: 'chrome130',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: at('index.html') },
  },
}

export default config
