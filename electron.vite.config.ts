import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineConfig, type UserConfig } from 'electron-vite'
import { loadConfigFromFile, type ConfigEnv, type UserConfig as ViteConfig } from 'vite'

const root = import.meta.dirname
const rendererConfig = resolve(root, 'renderer/vite.config.ts')

/** The window's own config, shared with its tests; only where it lies in the build is added here. */
async function readRenderer(environment: ConfigEnv): Promise<ViteConfig> {
  if (!existsSync(rendererConfig)) return {}
  return (await loadConfigFromFile(environment, rendererConfig))?.config ?? {}
}

export default defineConfig(async (environment): Promise<UserConfig> => {
  const renderer = await readRenderer(environment)
  return {
    main: {
      build: {
        outDir: 'out/main',
        // Dependencies stay in node_modules: classic-level carries native code, and the packed app brings them along.
        externalizeDeps: true,
        lib: { entry: resolve(root, 'electron/main/index.ts'), formats: ['es'] },
      },
    },
    preload: {
      build: {
        outDir: 'out/preload',
        // A sandboxed preload can require nothing but electron: one CommonJS file.
        externalizeDeps: false,
        lib: { entry: resolve(root, 'electron/preload/index.ts'), formats: ['cjs'] },
        rolldownOptions: { output: { entryFileNames: 'index.cjs' } },
      },
    },
    renderer: {
      ...renderer,
      root: resolve(root, 'renderer'),
      build: {
        ...renderer.build,
        outDir: resolve(root, 'out/renderer'),
        rolldownOptions: { ...renderer.build?.rolldownOptions, input: resolve(root, 'renderer/index.html') },
      },
    },
  }
})
