/** The desktop app under test, on either host: real Electron through Playwright, or the stand-in. */

import { fork, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Standin } from './standin/standin.ts'
import { _electron, chromium, type BrowserContext, type Page } from 'playwright-core'

/** The electron module as a test sees it inside the main process; `standin` only there. */
export type ElectronModule = typeof Electron.CrossProcessExports & { readonly standin: Standin }

export interface ShellApp {
  readonly context: BrowserContext
  /** The exit code, once the app has ended. */
  readonly exited: Promise<number | null>
  /** The first window's page. */
  window(): Promise<Page>
  /** Runs a self-contained function in the main process. */
  evaluate<A, R>(run: (electron: ElectronModule, argument: A) => R | Promise<R>, argument: A): Promise<R>
  signal(signal: NodeJS.Signals): void
  /** Ends the app whatever it does. */
  close(): Promise<void>
}

export interface LaunchOptions {
  /** The built main process. */
  readonly main: string
  /** Flags of the app. */
  readonly args: readonly string[]
  /** A folder of this start alone: home, profile, downloads. */
  readonly scratch: string
  /** The program: Electron's, or the browser that the stand-in drives. */
  readonly program: string
}

export const makeScratch = (): string => mkdtempSync(join(tmpdir(), 'ringdrop-shell-'))

const pollMs = 50
const windowLimitMs = 20_000
/** After an orderly end was asked for. */
const killAfterMs = 15_000
/** For a start that ends by itself. */
const endLimitMs = 60_000

const pause = (milliseconds: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, milliseconds)
  })

/** Chromium's helpers may write for a moment longer than it lives, and Node's own retries do not look into the folder again. */
export async function removeScratch(folder: string): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const gone = await rm(folder, { recursive: true, force: true }).then(
      () => true,
      () => false,
    )
    if (gone) return
    await pause(250)
  }
}

/** A home of its own: nothing of a test may land in the real one. */
function environment(scratch: string): Record<string, string> {
  const home = join(scratch, 'home')
  mkdirSync(home, { recursive: true })
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(XDG_|VITEST|NODE_OPTIONS|ELECTRON_R)/.test(entry[0]),
  )
  return { ...Object.fromEntries(kept), HOME: home, USERPROFILE: home, STANDIN_SCRATCH: scratch }
}

async function firstPage(context: BrowserContext): Promise<Page> {
  const end = Date.now() + windowLimitMs
  while (Date.now() < end) {
    const page = context.pages().find((candidate) => candidate.url() !== 'about:blank')
    if (page) return page
    await pause(pollMs)
  }
  throw new Error('No window came up')
}

interface Answer {
  readonly standin: string | number
  readonly value?: unknown
  readonly port?: string
  readonly error?: string
}

/** Questions to the stand-in over Node's own channel. */
class SideChannel {
  private readonly child: ChildProcess
  private readonly waiting = new Map<string | number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>()
  private sequence = 0

  constructor(child: ChildProcess) {
    this.child = child
    child.on('message', (message) => {
      const answer = message as Answer
      const waiter = this.waiting.get(answer.standin)
      this.waiting.delete(answer.standin)
      if (answer.error === undefined) waiter?.resolve(answer)
      else waiter?.reject(new Error(answer.error))
    })
    child.once('exit', (code, signal) => {
      for (const waiter of this.waiting.values()) waiter.reject(new Error(`The main process ended with ${String(code ?? signal)}`))
    })
  }

  wait(key: string | number): Promise<Answer> {
    return new Promise((resolve, reject) => this.waiting.set(key, { resolve, reject }))
  }

  evaluate(run: string, arg: unknown): Promise<Answer> {
    const id = ++this.sequence
    const answer = this.wait(id)
    this.child.send({ standin: 'evaluate', id, fn: run, arg })
    return answer
  }
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => child.once('exit', (code) => done(code)))
}

const register = pathToFileURL(join(import.meta.dirname, 'standin/register.mjs')).href

/** Starts the app on the stand-in. Rejects when it ends before it is up. */
export async function launchStandin(options: LaunchOptions): Promise<ShellApp> {
  const child = forkStandin(options, 'inherit')
  const channel = new SideChannel(child)
  const exited = exitOf(child)
  const { port } = await channel.wait('up')
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port ?? ''}`)
  const [context] = browser.contexts()
  if (!context) throw new Error('The stand-in has no browser context')
  return {
    context,
    exited,
    window: () => firstPage(context),
    // The cast is the caller's promise that what it returns survives JSON.
    evaluate: async <A, R>(run: (electron: ElectronModule, argument: A) => R | Promise<R>, argument: A) =>
      (await channel.evaluate(String(run), argument)).value as R,
    signal: (signal) => void child.kill(signal),
    close: async () => {
      await browser.close().catch(() => undefined)
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
      await exited
      clearTimeout(timer)
    },
  }
}

function forkStandin(options: LaunchOptions, output: 'inherit' | 'pipe'): ChildProcess {
  return fork(options.main, [...options.args], {
    env: { ...environment(options.scratch), STANDIN_CHROMIUM: options.program },
    stdio: ['ignore', output, output, 'ipc'],
    execArgv: ['--import', register],
  })
}

export interface EndedStart {
  readonly code: number | null
  readonly stderr: string
}

/** Starts the app on the stand-in and waits for its end: for starts that fail, and for a second one. */
export function runStandin(options: LaunchOptions): Promise<EndedStart> {
  return endOf(forkStandin(options, 'pipe'))
}

/** The same on real Electron. */
export function runElectron(options: LaunchOptions): Promise<EndedStart> {
  const args = [...rootArgs(), options.main, ...options.args]
  return endOf(spawn(options.program, args, { env: environment(options.scratch), stdio: ['ignore', 'ignore', 'pipe'] }))
}

async function endOf(child: ChildProcess): Promise<EndedStart> {
  let stderr = ''
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString()
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), endLimitMs)
  const code = await exitOf(child)
  clearTimeout(timer)
  return { code, stderr }
}

/** Chromium's sandbox refuses to run as root. */
const rootArgs = (): string[] => (process.getuid?.() === 0 ? ['--no-sandbox'] : [])

/** Starts the app on real Electron. */
export async function launchElectron(options: LaunchOptions): Promise<ShellApp> {
  const args = [...rootArgs(), options.main, ...options.args]
  const app = await _electron.launch({ executablePath: options.program, args, env: environment(options.scratch), timeout: 60_000 })
  const child = app.process()
  const exited = exitOf(child)
  return {
    context: app.context(),
    exited,
    window: () => app.firstWindow(),
    evaluate: (run, argument) => app.evaluate(run as never, argument) as never,
    signal: (signal) => void child.kill(signal),
    close: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
      await exited
      clearTimeout(timer)
    },
  }
}
