import { builtinModules } from 'node:module'
import { defineConfig, type Plugin } from 'vite'

/** Native code, which stays in node_modules, and what ws uses where it is installed. */
const external = ['classic-level', 'bufferutil', 'utf-8-validate']

/** A text with one letter beyond Latin-1 takes two bytes a letter in memory for as long as the peer runs. */
const latin1: Plugin = {
  name: 'latin1',
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type === 'chunk')
        file.code = file.code.replace(/[^\0-\xff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
    }
  },
}

/**
 * The headless peer and the command line: one entry and its chunks, flat in out/headless so that `../..` is the project from every file.
 * Libraries are taken in, without what nothing uses of them: a peer starts in half the time, and takes 8 MB less, than with each of their
 * 400 files looked up and compiled by itself.
 */
export default defineConfig({
  plugins: [latin1],
  build: {
    ssr: 'electron/headless/cli.ts',
    target: 'node20',
    outDir: 'out/headless',
    emptyOutDir: true,
    minify: false,
    copyPublicDir: false,
    rolldownOptions: {
      external: [/^node:/, ...builtinModules, ...external],
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
  ssr: { target: 'node', noExternal: true, external },
})
