#!/usr/bin/env node
// @ts-check
/**
 * `npm start`: the desktop app. Where Electron cannot run (no display, no program, no way to fetch it) one line says so, and the
 * same peer runs without it: the same window opens in Chrome, Chromium or Edge as an app window, or its address is printed.
 * What follows `--` goes to the app, or to `ringdrop serve`.
 */

import { spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findBrowser } from './find-browser.mjs'
import { electronInstaller, findElectron, hasDisplay } from './find-electron.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cli = join(root, 'out/headless/cli.js')
const parts = [cli, join(root, 'out/main/index.js'), join(root, 'out/preload/index.cjs'), join(root, 'out/renderer/index.html')]

/** Longest wait for an answer about the download host: without a network a person waits no longer than this. */
const lookupLimitMs = 2500
/** Longest download of Electron. */
const downloadLimitMs = 600_000
const asRoot = process.getuid?.() === 0

/** @param {string} line */
const say = (line) => process.stderr.write(`${line}\n`)

/** Runs a program to its end; its exit code, or 1. @type {(program: string, args: string[], limitMs?: number) => Promise<number>} */
function run(program, args, limitMs) {
  return new Promise((done) => {
    const limit = limitMs === undefined ? {} : { timeout: limitMs }
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', ...limit })
    child.on('error', () => done(1))
    child.on('exit', (code) => done(code ?? 1))
  })
}

async function buildIfNeeded() {
  if (parts.every((file) => existsSync(file))) return
  say('Building Ringdrop (once) …')
  const steps = [
    [join(root, 'node_modules/electron-vite/bin/electron-vite.js'), 'build', '--logLevel', 'warn'],
    [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--config', 'headless.vite.config.ts', '--logLevel', 'warn'],
  ]
  for (const step of steps) {
    if ((await run(process.execPath, step)) !== 0) throw new Error('Ringdrop does not build; the lines above say why. Try "npm ci" first.')
  }
}

/** @param {string} host */
async function resolves(host) {
  const tooLong = new Promise((done) => setTimeout(() => done(false), lookupLimitMs).unref())
  return Promise.race([tooLong, lookup(host).then(() => true, () => false)]) // prettier-ignore
}

/** The program of Electron, fetched when that is possible, or why there is none. @returns {Promise<{ file: string | null, why: string }>} */
async function getElectron() {
  if (!hasDisplay()) return { file: null, why: 'this session has no display' }
  const found = findElectron()
  if (found.file !== null) return { file: found.file, why: '' }
  const installer = electronInstaller()
  if (installer === null) return { file: null, why: found.why }
  const mirror = process.env.ELECTRON_MIRROR ?? process.env.npm_config_electron_mirror ?? 'https://github.com/'
  const host = URL.canParse(mirror) ? new URL(mirror).hostname : 'github.com'
  if (!(await resolves(host))) return { file: null, why: `${found.why}, and ${host} cannot be reached` }
  const code = await download(installer)
  const fetched = findElectron()
  return fetched.file === null ? { file: null, why: `downloading it failed (${code})` } : { file: fetched.file, why: '' }
}

/** Electron's installer says nothing while it works. @param {string} installer */
async function download(installer) {
  const began = Date.now()
  const tick = () => process.stderr.write(`\rDownloading Electron (once, about 110 MB) … ${Math.round((Date.now() - began) / 1000)} s `)
  tick()
  const timer = setInterval(tick, 1000)
  const code = await run(process.execPath, [installer], downloadLimitMs)
  clearInterval(timer)
  process.stderr.write('\n')
  return code
}

/** Hands signals on and ends as the child ends. @type {(child: import('node:child_process').ChildProcess, atEnd?: () => void) => void} */
function follow(child, atEnd = () => undefined) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      // A terminal sends Ctrl+C to the child as well; handed on twice, it would count as the second one, "at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('error', (error) => {
    say(`Ringdrop cannot start: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    atEnd()
    process.exit(code ?? (signal ? 1 : 0))
  })
}

/** @type {(address: string, profile: string) => boolean} */
function openAppWindow(address, profile) {
  const browser = hasDisplay() ? findBrowser() : null
  if (browser === null) return false
  const args = [`--app=${address}`, `--user-data-dir=${profile}`, '--window-size=1040,680', '--no-first-run', '--no-default-browser-check']
  const child = spawn(browser, asRoot ? [...args, '--no-sandbox'] : args, { stdio: 'ignore' })
  child.on('error', () => say(`The browser did not start. Open the window at:\n\n    ${address}\n`))
  child.unref()
  return true
}

/** @param {string} address */
function show(address) {
  const profile = mkdtempSync(join(tmpdir(), 'ringdrop-window-'))
  process.on('exit', () => rmSync(profile, { recursive: true, force: true }))
  if (openAppWindow(address, profile))
    say(`The window is open. Its address, for any browser on this machine: ${address}\nCtrl+C leaves in good order.`)
  else say(`\nOpen Ringdrop in a browser on this machine:\n\n    ${address}\n\nCtrl+C leaves in good order.`)
}

/** @param {string[]} args */
function serve(args) {
  const child = spawn(process.execPath, [cli, 'serve', ...args, '--json'], { cwd: root, stdio: ['inherit', 'pipe', 'inherit'] })
  follow(child)
  createInterface({ input: child.stdout }).on('line', (line) => {
    /** @type {{ event?: unknown, web?: unknown, address?: unknown } | null} */
    let event = null
    try {
      event = JSON.parse(line)
    } catch {
      return
    }
    if (event?.event !== 'ready') return
    if (typeof event.web === 'string') show(event.web)
    else say(`Ringdrop runs at ${String(event.address)}, without a window.`)
  })
}

async function main() {
  const args = process.argv.slice(2).filter((word) => word !== '--headless')
  await buildIfNeeded()
  const wanted = args.length === process.argv.length - 2
  const electron = wanted ? await getElectron() : { file: null, why: '--headless was asked for' }
  if (electron.file !== null) {
    follow(spawn(electron.file, [...(asRoot ? ['--no-sandbox'] : []), root, ...args], { cwd: process.cwd(), stdio: 'inherit' }))
    return
  }
  say(`Electron is not used here: ${electron.why}. The same peer runs headless, and the same window opens in a browser.`)
  serve(args)
}

main().catch((/** @type {unknown} */ error) => {
  say(error instanceof Error ? error.message : String(error))
  process.exit(1)
})
