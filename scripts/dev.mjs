#!/usr/bin/env node
// @ts-check
/**
 * A live development session: electron-vite's dev server, with real Electron where there is one and a display, else with the
 * stand-in (`STANDIN_HEADED=1` shows its browser).
 */

import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findElectron, hasDisplay } from './find-electron.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const electron = findElectron()
const real = electron.file !== null && hasDisplay()
const program = real ? electron.file : join(root, 'tests/shell/standin/electron-bin.mjs')
if (!real) process.stderr.write(`No Electron here (${electron.why ?? 'no display'}): the stand-in hosts the app in a browser.\n`)
const cli = join(root, 'node_modules/electron-vite/bin/electron-vite.js')
const environment = { ...process.env, ELECTRON_EXEC_PATH: program }
const child = spawn(process.execPath, [cli, 'dev', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit', env: environment })
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => process.exit(code ?? 1))
