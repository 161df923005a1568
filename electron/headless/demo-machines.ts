/** The demo's machines: each a `ringdrop serve` of its own, on this machine's loopback, gone when the demo is. */

import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as v from 'valibot'
import { AppError } from '../../shared/errors.ts'

const names = [
  'Desk',
  'Laptop',
  'Attic',
  'Studio',
  'Kitchen',
  'Garage',
  'Library',
  'Cellar',
  'Office',
  'Porch',
  'Workshop',
  'Veranda',
] as const
export const demoMachinesMin = 2
export const demoMachinesMax = names.length

export interface DemoMachine {
  readonly name: string
  readonly dataFolder: string
  readonly address: string
  readonly web: string | null
  readonly child: ChildProcess
}

export interface DemoMachineOptions {
  readonly index: number
  readonly folder: string
  /** The first founds the ring, the others join it. */
  readonly join: string | null
}

/** A machine that is not ready by then never will be, in milliseconds. */
const readyWithinMs = 60_000
const readySchema = v.object({ event: v.literal('ready'), address: v.string(), web: v.nullable(v.string()), data: v.string() })

/** Starts one machine and waits until it is in the ring. `spawned` is told of the process at once, so that it can be ended. */
export function startDemoMachine(options: DemoMachineOptions, spawned: (child: ChildProcess) => void): Promise<DemoMachine> {
  const name = names[options.index] ?? `Machine ${options.index + 1}`
  const dataFolder = join(options.folder, name, 'data')
  const args = [
    'serve',
    '--json',
    '--data',
    dataFolder,
    '--name',
    name,
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--no-share',
    '--no-discovery',
  ]
  args.push('--downloads', join(options.folder, name, 'downloads'), '--repair-delay', '5')
  args.push(...(options.join === null ? ['--web', '127.0.0.1:0'] : ['--no-web', '--join', options.join]))
  const script = process.argv[1] ?? ''
  // In a group of its own, so that Ctrl+C ends the demo in order; with a channel, so that it ends with us whatever happens.
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  })
  spawned(child)
  return new Promise((resolve, reject) => {
    let complaint = ''
    const fail = (why: string): void => {
      clearTimeout(late)
      reject(new AppError('internal', `${name} did not start: ${why}`, { machine: name }))
    }
    const late = setTimeout(() => {
      fail('it took too long')
    }, readyWithinMs)
    child.stderr?.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-1000)))
    child.once('error', (error) => {
      fail(error.message)
    })
    child.once('close', () => {
      fail(complaint.trim().split('\n').at(-1) ?? 'it ended')
    })
    if (!child.stdout) return
    // Read on for as long as it runs: a full pipe would hold it up.
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.includes('"ready"')) return
      const ready = v.safeParse(readySchema, JSON.parse(line))
      if (!ready.success) return
      clearTimeout(late)
      resolve({ name, dataFolder, address: ready.output.address, web: ready.output.web, child })
    })
  })
}

/** Ends a machine at once, and resolves when it is gone. */
export function endDemoMachine(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => {
      resolve()
    })
    child.kill('SIGKILL')
  })
}
