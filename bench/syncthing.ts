/** Two Syncthings of one folder on loopback, with homes of their own and nobody else to talk to. */

import { spawnSync } from 'node:child_process'
import { link, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { daemon, type Other, program, run } from './others.ts'
import { freePort } from './tools.ts'

/** Between two looks whether the copy is there, in ms: far below what a copy takes, and few looks at thousands of files. */
const lookIntervalMs = 20
const apiKey = 'bench'

interface Side {
  readonly home: string
  readonly shared: string
  readonly device: string
  readonly listenPort: number
  readonly apiPort: number
}

async function createSide(syncthing: string, home: string): Promise<Side> {
  const shared = join(home, 'shared')
  // the marker without which it takes the folder for one that is not mounted
  await mkdir(join(shared, '.stfolder'), { recursive: true })
  await run(syncthing, ['generate', `--home=${home}`, '--no-default-folder', '--skip-port-probing'])
  const device = spawnSync(syncthing, ['--device-id', `--home=${home}`], { encoding: 'utf8' }).stdout.trim()
  return { home, shared, device, listenPort: await freePort(), apiPort: await freePort() }
}

/** No discovery, relay, report or update; rescans only when asked; both sides see each other within a second. */
function configuration(own: Side, sides: readonly Side[]): string {
  const options = {
    listenAddress: `tcp://127.0.0.1:${own.listenPort}`,
    globalAnnounceEnabled: false,
    localAnnounceEnabled: false,
    relaysEnabled: false,
    natEnabled: false,
    startBrowser: false,
    urAccepted: -1,
    autoUpgradeIntervalH: 0,
    crashReportingEnabled: false,
    reconnectionIntervalS: 1,
    // unlimited on loopback, as it is by default
    limitBandwidthInLan: false,
  }
  const element = (name: string, value: unknown): string => `<${name}>${String(value)}</${name}>`
  return `<configuration version="35">
<folder id="bench" path="${own.shared}" type="sendreceive" rescanIntervalS="0" fsWatcherEnabled="false">
${sides.map(({ device }) => `<device id="${device}"/>`).join('')}</folder>
${sides.map(({ device, listenPort }) => `<device id="${device}">${element('address', `tcp://127.0.0.1:${listenPort}`)}</device>`).join('\n')}
<gui enabled="true" tls="false">${element('address', `127.0.0.1:${own.apiPort}`)}${element('apikey', apiKey)}</gui>
<options>${Object.entries(options)
    .map(([name, value]) => element(name, value))
    .join('')}</options>
</configuration>
`
}

async function call(side: Side, method: 'GET' | 'POST', path: string): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${side.apiPort}/rest/${path}`, { method, headers: { 'X-API-Key': apiKey } })
  if (!answer.ok) throw new Error(`Syncthing: ${path}: ${answer.status} ${await answer.text()}`)
  const text = await answer.text()
  return text === '' ? null : JSON.parse(text)
}

async function untilConnected(side: Side, other: Side): Promise<void> {
  for (;;) {
    const { connections } = (await call(side, 'GET', 'system/connections')) as { connections: Record<string, { connected: boolean }> }
    if (connections[other.device]?.connected === true) return
    await wait(lookIntervalMs)
  }
}

/** Files at and below a path that are whole: what is on its way has another name, as has what belongs to Syncthing. */
async function countFiles(path: string): Promise<number> {
  const found = await stat(path).catch(() => null)
  if (!found?.isDirectory()) return found ? 1 : 0
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).length
}

async function startBoth(syncthing: string, sides: readonly [Side, Side]): Promise<() => Promise<void>> {
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(stops.map((each) => each()))
  }
  try {
    for (const side of sides) {
      await writeFile(join(side.home, 'config.xml'), configuration(side, sides))
      stops.push(await daemon(syncthing, ['serve', `--home=${side.home}`, '--no-browser', '--no-restart', '--no-upgrade'], side.apiPort))
    }
    await untilConnected(...sides)
    await untilConnected(sides[1], sides[0])
    return stop
  } catch (error) {
    await stop()
    throw error
  }
}

/**
 * A file or a folder, moved into the one's folder as a second name of it where it is a file: from "it is there, look" until all of it has
 * been renamed into place on the other side.
 */
export async function startSyncthing(folder: string): Promise<Other> {
  const syncthing = program('syncthing', 'syncthing')
  const near = await createSide(syncthing, join(folder, 'syncthing-near'))
  const far = await createSide(syncthing, join(folder, 'syncthing-far'))
  const stop = await startBoth(syncthing, [near, far])
  let round = 0
  const copyIn = (side: Side): string => join(side.shared, `copy-${round}`)
  const rescan = (): Promise<unknown> => call(near, 'POST', 'db/scan?folder=bench')
  const untilThere = async (count: number): Promise<void> => {
    while ((await countFiles(copyIn(far))) !== count) await wait(lookIntervalMs)
  }
  return {
    name: 'Syncthing',
    copy: async (source) => {
      round++
      if ((await stat(source)).isDirectory()) await rename(source, copyIn(near))
      else await link(source, copyIn(near))
      const count = await countFiles(copyIn(near))
      await rescan()
      await untilThere(count)
    },
    tidy: async () => {
      await rm(copyIn(near), { recursive: true })
      await rescan()
      await untilThere(0)
    },
    stop,
  }
}
