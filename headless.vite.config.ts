import { builtinModules } from 'node:module'
import { defineConfig } from 'vite'

/** The headless peer and the command line: one entry and its chunks, flat in out/headless so that `../..` is the project from every file. */
export default defineConfig({
  build: {
    ssr: 'electron/headless/cli.ts',
    target: 'node20',
    outDir: 'out/headless',
    emptyOutDir: true,
    minify: false,
    copyPublicDir: false,
    rolldownOptions: {
      external: [/^node:/, ...builtinModules],
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
  // what every command loads is taken in, without what nothing uses of it: a command's own start takes a third less
  ssr: { target: 'node', noExternal: ['commander', 'env-paths', 'valibot'] },
})
