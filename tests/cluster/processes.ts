/**
 * Real processes on loopback. A `LineProcess` is one `ringdrop` command whose lines are waited for; a `Machine` is a `ringdrop
 * serve` with its own data folder; a `Cluster` starts machines and takes them, and nothing else, down again. Nothing here
 * waits for time to pass: deadlines only end a hang, and their failure shows what the process had said.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const projectFolder = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** The command line as built; RINGDROP_CLI names another build of it. */
export const cliFile = process.env['RINGDROP_CLI'] ?? join(projectFolder, 'out/headless/cli.js')

/** Ends a hang; nothing on loopback takes this long. */
const deadlineMs = 60_000
/** Between two looks of `until`. */
const lookIntervalMs = 25
/** Of each stream, the last lines that a failure message shows. */
const shownLinesMax = 40

const running = new Set<ChildProcess>()
// A test run that is cut short takes its processes with it.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Looks again and again until `check` gives something truthy, which is the result. What it throws counts as no, and is shown. */
export async function until<T>(check: () => T | Promise<T>, what: string, timeoutMs = deadlineMs): Promise<NonNullable<T>> {
  const endAt = performance.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const seen = await check()
      if (seen) return seen
      last = seen
    } catch (thrown) {
      last = thrown
    }
    if (performance.now() > endAt) {
      throw new Error(`${what}: not within ${timeoutMs} ms; last seen: ${last instanceof Error ? last.message : JSON.stringify(last)}`)
    }
    await wait(lookIntervalMs)
  }
}

export interface LineProcessOptions {
  readonly label?: string
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Arguments of node itself, e.g. for a profile. */
  readonly nodeArgs?: readonly string[]
  /** A command that runs the rest of its line, e.g. in a network namespace. */
  readonly under?: readonly string[]
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** One run of the command line, its lines collected as they come. */
export class LineProcess {
  readonly lines: string[] = []
  readonly errorLines: string[] = []
  readonly label: string
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #waiters = new Set<() => void>()
  #exit: Exit | null = null

  constructor(args: readonly string[], options: LineProcessOptions = {}) {
    this.label = options.label ?? args.join(' ')
    const line = [...(options.under ?? []), process.execPath, ...(options.nodeArgs ?? []), cliFile, ...args]
    const child = spawn(line[0] ?? process.execPath, line.slice(1), {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: options.cwd ?? tmpdir(),
      env: { ...process.env, NODE_OPTIONS: '', ...options.env },
    })
    this.#child = child
    running.add(child)
    child.stdin.on('error', () => undefined)
    collectLines(child.stdout, this.lines, this.#wake)
    collectLines(child.stderr, this.errorLines, this.#wake)
    this.exited = new Promise((done) => {
      const end = (exit: Exit): void => {
        running.delete(child)
        this.#exit = exit
        done(exit)
        this.#wake()
      }
      child.once('error', (thrown) => {
        this.errorLines.push(String(thrown))
        end({ code: null, signal: null })
      })
      // 'close' comes after the last line, 'exit' may come before it.
      child.once('close', (code, signal) => {
        end({ code, signal })
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get isRunning(): boolean {
    return this.#exit === null
  }

  readonly #wake = (): void => {
    for (const waiter of [...this.#waiters]) waiter()
  }

  /** Resolves with the first non-null answer of `look`, asked now and at every new line; rejects at the end of the process or the deadline. */
  see<T>(look: () => T | null | undefined, what: string, timeoutMs = deadlineMs): Promise<T> {
    return new Promise((done, fail) => {
      const timer = setTimeout(() => {
        stop()
        fail(new Error(`${what}: not within ${timeoutMs} ms\n${this.report()}`))
      }, timeoutMs)
      const stop = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(again)
      }
      const again = (): void => {
        const found = look()
        if (found !== null && found !== undefined) {
          stop()
          done(found)
        } else if (this.#exit) {
          stop()
          fail(new Error(`${what}: the process ended before\n${this.report()}`))
        }
      }
      this.#waiters.add(again)
      again()
    })
  }

  /** Waits for this very line, at or after line number `from`; resolves with the number of the line after it. */
  sees(line: string, from = 0, timeoutMs = deadlineMs): Promise<number> {
    return this.see(
      () => {
        const at = this.lines.indexOf(line, from)
        return at === -1 ? null : at + 1
      },
      `${this.label}: '${line}'`,
      timeoutMs,
    )
  }

  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  endInput(): void {
    this.#child.stdin?.end()
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<Exit> {
    if (this.#exit === null) this.#child.kill('SIGKILL')
    return this.exited
  }

  /** For failure messages: what the process said last. */
  report(): string {
    const part = (title: string, lines: readonly string[]): string =>
      lines.length === 0
        ? `(no ${title})`
        : `${title}:\n${lines
            .slice(-shownLinesMax)
            .map((line) => `  ${line.slice(0, 400)}`)
            .join('\n')}`
    const end = this.#exit ? `, ended with ${this.#exit.code ?? this.#exit.signal}` : ''
    return `[${this.label}, pid ${this.pid}${end}]\n${part('stdout', this.lines)}\n${part('stderr', this.errorLines)}`
  }
}

function collectLines(stream: NodeJS.ReadableStream, into: string[], wake: () => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    into.push(...parts)
    if (parts.length > 0) wake()
  })
  stream.on('end', () => {
    if (rest !== '') into.push(rest)
    rest = ''
  })
}

/** What one JSON line of the command line holds; tests know which command they asked. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the shapes are the manual's, and a wrong guess fails the test
export type JsonObject = Record<string, any>

export interface CommandResult {
  readonly code: number | null
  readonly json: JsonObject[]
  readonly stderr: string
}

export interface StartOptions {
  readonly name?: string
  /** An invite's link. */
  readonly join?: string
  /** More options of `serve`. */
  readonly args?: readonly string[]
  /** A data folder that exists, to resume; else a new one. */
  readonly data?: string
  readonly nodeArgs?: readonly string[]
  /** Address to listen at; else loopback. */
  readonly host?: string
  /** As of `LineProcessOptions`. */
  readonly under?: readonly string[]
  /** Ends a command that hangs; else two minutes. */
  readonly commandTimeoutMs?: number
}

/** One `ringdrop serve` of its own. */
export class Machine {
  readonly name: string
  readonly data: string
  readonly process: LineProcess
  readonly #commandTimeoutMs: number | undefined
  #ready: JsonObject = {}
  #parsed = 0
  readonly #events: JsonObject[] = []

  constructor(process: LineProcess, data: string, options: Pick<StartOptions, 'commandTimeoutMs'> = {}) {
    this.process = process
    this.name = process.label
    this.data = data
    this.#commandTimeoutMs = options.commandTimeoutMs
  }

  async untilReady(): Promise<void> {
    this.#ready = await this.event((event) => event['event'] === 'ready', 'ready')
  }

  /** `id`, `address`, `ring`, … of the ready line. */
  get ready(): JsonObject {
    return this.#ready
  }

  get id(): string {
    return String(this.#ready['id'])
  }

  get address(): string {
    return String(this.#ready['address'])
  }

  /** Everything that `serve --json` has said so far, the ready line first. */
  events(): readonly JsonObject[] {
    for (; this.#parsed < this.process.lines.length; this.#parsed++) {
      const line = this.process.lines[this.#parsed] ?? ''
      if (line !== '') this.#events.push(parse(line, this.process.label))
    }
    return this.#events
  }

  /**
   * What was said since the last call, and forgets it: for runs so long that all of it would fill memory. Not beside `event`, which
   * counts what was said from the start. A line that a killed process did not finish is left out.
   */
  takeEvents(): JsonObject[] {
    const taken = this.#events.splice(0)
    for (const line of this.process.lines.splice(0).slice(this.#parsed)) {
      if (line.endsWith('}')) taken.push(parse(line, this.process.label))
    }
    this.#parsed = 0
    return taken
  }

  /** Waits for an event, at or after number `from`. */
  event(fits: (event: JsonObject) => boolean, what: string, options: { from?: number; timeoutMs?: number } = {}): Promise<JsonObject> {
    return this.process.see(
      () =>
        this.events()
          .slice(options.from ?? 0)
          .find(fits),
      `${this.name}: ${what}`,
      options.timeoutMs ?? deadlineMs,
    )
  }

  /** Runs one command of the command line against this machine, with `--json`. */
  run(command: string, ...args: readonly string[]): Promise<CommandResult> {
    return runCommand([command, '--data', this.data, '--json', ...args], `${command} at ${this.name}`, this.#commandTimeoutMs)
  }

  /** The one object of a command that must succeed. */
  async ask(command: string, ...args: readonly string[]): Promise<JsonObject> {
    const { code, json, stderr } = await this.run(command, ...args)
    const [first] = json
    if (code !== 0 || first === undefined)
      throw new Error(`${command} ${args.join(' ')} at ${this.name}: exit ${code}, ${stderr}\n${this.process.report()}`)
    return first
  }

  async invite(): Promise<string> {
    return String((await this.ask('invite'))['link'])
  }

  /** kill -9. */
  kill(): Promise<Exit> {
    return this.process.kill()
  }

  /** Ctrl+C: leaves in good order. */
  leave(): Promise<Exit> {
    this.process.signal('SIGINT')
    return this.process.exited
  }
}

/** Runs a command to its end. */
export async function runCommand(args: readonly string[], label = args.join(' '), timeoutMs = 2 * deadlineMs): Promise<CommandResult> {
  const child = new LineProcess(args, { label })
  child.endInput()
  const timer = setTimeout(() => void child.kill(), timeoutMs)
  const { code, signal } = await child.exited
  clearTimeout(timer)
  if (code === null) throw new Error(`${label} was ended by ${signal ?? 'a failure to start'}\n${child.report()}`)
  return { code, json: child.lines.filter((line) => line !== '').map((line) => parse(line, label)), stderr: child.errorLines.join('\n') }
}

function parse(line: string, label: string): JsonObject {
  try {
    return JSON.parse(line) as JsonObject
  } catch {
    throw new Error(`${label} printed a line that is not JSON: ${line.slice(0, 200)}`)
  }
}

/** Machines of one test, each with a folder of its own under one that goes at the end. */
export class Cluster {
  readonly machines: Machine[] = []
  readonly #parent: string
  #folder: Promise<string> | null = null

  /** `parent`: where the folders are made, e.g. in RAM. */
  constructor(parent = tmpdir()) {
    this.#parent = parent
  }

  /** The cluster's own folder. */
  get folder(): Promise<string> {
    return (this.#folder ??= mkdtemp(join(this.#parent, 'ringdrop-cluster-')))
  }

  /** Starts a machine, or starts one again on its data folder, and waits until it is ready. */
  async start(options: StartOptions = {}): Promise<Machine> {
    const number = this.machines.length + 1
    const name = options.name ?? `Machine ${number}`
    const data = options.data ?? join(await this.folder, `data-${number}`)
    const downloads = join(await this.folder, `downloads-${number}`)
    await mkdir(downloads, { recursive: true })
    const args = [
      'serve',
      '--json',
      '--data',
      data,
      '--name',
      name,
      '--host',
      options.host ?? '127.0.0.1',
      '--port',
      '0',
      ...(options.args?.includes('--web') ? [] : ['--no-web']),
      '--no-share',
      '--no-discovery',
    ]
    const process = new LineProcess(
      [...args, '--downloads', downloads, ...(options.join === undefined ? [] : ['--join', options.join]), ...(options.args ?? [])],
      {
        label: name,
        nodeArgs: options.nodeArgs ?? [],
        under: options.under ?? [],
      },
    )
    const machine = new Machine(process, data, options)
    this.machines.push(machine)
    await machine.untilReady()
    return machine
  }

  /** What all machines said last, for failure messages. */
  report(): string {
    return this.machines.map((machine) => machine.process.report()).join('\n\n')
  }

  /** Kills what still runs and removes the folders; `keep` leaves them to be looked at. */
  async stop(options: { readonly keep?: boolean } = {}): Promise<void> {
    await Promise.all(this.machines.map((machine) => machine.kill()))
    if (this.#folder && options.keep !== true) await rm(await this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
