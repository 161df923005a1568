/** `ringdrop demo [N]`: a ring of N machines on this one, with files in it and the window on the first. */

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import { askPeer } from '../control-client.ts'
import { demoMachinesMax, demoMachinesMin, endDemoMachine, startDemoMachine, type DemoMachine } from '../demo-machines.ts'
import { writeDemoSamples } from '../demo-samples.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { say, sayJson, type CommonOptions, type Io } from '../io.ts'
import { makeTempFolder, removeTempFolder } from '../temp-folder.ts'

export interface DemoArguments {
  readonly count: string
  readonly open?: boolean
}

export async function demo(io: Io, common: CommonOptions, args: DemoArguments): Promise<ExitCode> {
  const count = Number(args.count)
  if (!/^[0-9]{1,3}$/.test(args.count) || count < demoMachinesMin || count > demoMachinesMax) {
    throw new AppError('bad-argument', `A demo has ${demoMachinesMin} to ${demoMachinesMax} machines, not ${args.count}`)
  }
  const folder = await makeTempFolder('demo')
  const children: ChildProcess[] = []
  let finish: () => void = () => undefined
  const signalled = new Promise<'signalled'>((resolve) => {
    finish = () => {
      resolve('signalled')
    }
  })
  const giveSignalsBack = io.onSignal(finish)
  try {
    const built = build(io, { folder, count, json: common.json, children })
    const outcome = await Promise.race([built, signalled])
    if (outcome === 'signalled') {
      built.catch(() => undefined)
      return exitCodes.done
    }
    announce(io, outcome, { json: common.json, open: args.open !== false })
    await signalled
    if (!common.json) say(io, 'The demo ends; everything of it is removed')
    return exitCodes.done
  } finally {
    await Promise.all(children.map(endDemoMachine))
    await removeTempFolder(folder)
    giveSignalsBack()
  }
}

interface Plan {
  readonly folder: string
  readonly count: number
  readonly json: boolean
  readonly children: ChildProcess[]
}

async function build(io: Io, plan: Plan): Promise<DemoMachine[]> {
  const machines: DemoMachine[] = []
  for (let index = 0; index < plan.count; index++) {
    const [first] = machines
    const link = first ? await inviteOf(first) : null
    const machine = await startDemoMachine({ index, folder: plan.folder, join: link }, (child) => plan.children.push(child))
    machines.push(machine)
    if (!plan.json) say(io, `${machine.name} is on ${machine.address}`)
  }
  const samples = await writeDemoSamples(join(plan.folder, 'samples'))
  for (const [index, sample] of samples.entries()) {
    const machine = machines[index % machines.length]
    if (!machine) continue
    await askPeer(
      { dataFolder: machine.dataFolder, name: 'store', argument: { paths: [sample.path], as: sample.name, replace: false } },
      {
        onItem: () => undefined,
        onFailed: (error) => {
          throw AppError.fromPlain(error)
        },
      },
    )
  }
  if (!plan.json) say(io, `${samples.length} files are stored, from all of the machines`)
  return machines
}

async function inviteOf(machine: DemoMachine): Promise<string> {
  let link = ''
  await askPeer({ dataFolder: machine.dataFolder, name: 'invite', argument: {} }, { onItem: (item) => void (link = item.link) })
  return link
}

function announce(io: Io, machines: readonly DemoMachine[], how: { json: boolean; open: boolean }): void {
  const url = machines[0]?.web ?? null
  if (how.json) {
    const peers = machines.map(({ name, address, dataFolder, child }) => ({ name, address, data: dataFolder, pid: child.pid }))
    sayJson(io, { event: 'ready', web: url, peers })
  } else {
    if (url !== null) say(io, `Window: ${url}`)
    say(io, `Try: crash a machine with kill -9 ${machines.at(-1)?.child.pid ?? ''} and watch the ring repair itself. Ctrl+C ends the demo.`)
  }
  if (url !== null && how.open && !how.json) openBrowser(url)
}

/** Opens the window where there is a screen; where not, the printed address has to do. */
function openBrowser(url: string): void {
  const { platform, env } = process
  const [command, args]: [string, string[]] =
    platform === 'darwin'
      ? ['open', [url]]
      : platform === 'win32'
        ? ['rundll32', ['url.dll,FileProtocolHandler', url]]
        : ['xdg-open', [url]]
  if (platform !== 'darwin' && platform !== 'win32' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY']) return
  const opener = spawn(command, args, { stdio: 'ignore', detached: true })
  opener.on('error', () => undefined)
  opener.unref()
}
