#!/usr/bin/env node
// @ts-check
// ELECTRON_EXEC_PATH=$PWD/tests/shell/standin/electron-bin.mjs npx electron-vite dev: the dev server with the stand-in as the app.
import { spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const [entry = '.', ...args] = process.argv.slice(2)
const main = () => /** @type {{ main: string }} */ (JSON.parse(readFileSync(join(entry, 'package.json'), 'utf8'))).main
const file = statSync(entry).isDirectory() ? resolve(entry, main()) : entry
const register = new URL('./register.mjs', import.meta.url).href
const child = spawn(process.execPath, ['--import', register, file, ...args], { stdio: 'inherit' })
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
