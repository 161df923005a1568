/** Two Syncthing instances on loopback with homes of their own: no relays, discovery, upgrades or reports; encrypted, synced to the disk. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Other, program } from './others.ts'
import { freePort } from './tools.ts'

const apiKey = 'bench'
const folderId = 'bench'
/** Between two looks at whether the other has everything. */
const lookMs = 50
const deadlineMs = 300_000

interface Instance {
  readonly id: string
  readonly api: string
  readonly listen: string
  readonly folder: string
  readonly process: ChildProcess
}

async function ask(instance: Pick<Instance, 'api'>, path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(`http://${instance.api}/rest/${path}`, { ...init, headers: { 'X-API-Key': apiKey } })
  if (!response.ok) throw new Error(`Syncthing answered ${path} with ${response.status}: ${await response.text()}`)
  const text = await response.text()
  return text === '' ? null : JSON.parse(text)
}

async function untilTrue(check: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + deadlineMs; !(await check());) {
    if (performance.now() > end) throw new Error(`Syncthing: ${what}: not in time`)
    await wait(lookMs)
  }
}

async function start(syncthing: string, home: string, folder: string): Promise<Instance> {
  await mkdir(folder, { recursive: true })
  spawnSync(syncthing, ['generate', `--home=${home}`, '--no-default-folder', '--skip-port-probing'], { stdio: 'ignore' })
  const id = spawnSync(syncthing, [`--home=${home}`, '--device-id'], { encoding: 'utf8' }).stdout.trim()
  const api = `127.0.0.1:${await freePort()}`
  const listen = `127.0.0.1:${await freePort()}`
  const args = [
    'serve',
    `--home=${home}`,
    '--no-browser',
    '--no-restart',
    '--no-upgrade',
    `--gui-address=http://${api}`,
    `--gui-apikey=${apiKey}`,
  ]
  const process = spawn(syncthing, args, { stdio: 'ignore', env: { ...globalThis.process.env, STNOUPGRADE: '1', STNODEFAULTFOLDER: '1' } })
  const instance = { id, api, listen, folder, process }
  await untilTrue(
    () =>
      ask(instance, 'system/ping').then(
        () => true,
        () => false,
      ),
    'start',
  )
  await ask(instance, 'config/options', {
    method: 'PATCH',
    body: JSON.stringify({
      listenAddresses: [`tcp://${listen}`],
      globalAnnounceEnabled: false,
      localAnnounceEnabled: false,
      relaysEnabled: false,
      natEnabled: false,
      urAccepted: -1,
      crashReportingEnabled: false,
      autoUpgradeIntervalH: 0,
      startBrowser: false,
    }),
  })
  return instance
}

async function introduce(instance: Instance, other: Instance): Promise<void> {
  const device = { deviceID: other.id, addresses: [`tcp://${other.listen}`], compression: 'never' }
  await ask(instance, 'config/devices', { method: 'POST', body: JSON.stringify(device) })
  const shared = {
    id: folderId,
    path: instance.folder,
    devices: [{ deviceID: instance.id }, { deviceID: other.id }],
    // what is copied is scanned when the clock starts, not when it is noticed
    fsWatcherEnabled: false,
    rescanIntervalS: 0,
  }
  await ask(instance, 'config/folders', { method: 'POST', body: JSON.stringify(shared) })
}

/** How many files an instance has in the folder and has to have. */
async function files(instance: Instance): Promise<{ local: number; global: number; needs: number }> {
  const status = (await ask(instance, `db/status?folder=${folderId}`)) as Record<string, number>
  return { local: status['localFiles'] ?? 0, global: status['globalFiles'] ?? 0, needs: status['needFiles'] ?? 0 }
}

async function end(instance: Instance): Promise<void> {
  const closed = once(instance.process, 'close')
  instance.process.kill()
  await closed
}

/** Two that are connected and share an empty folder. `copy` moves a folder away, into the first's, and waits until the second has it all. */
export async function startSyncthing(folder: string): Promise<Other> {
  const syncthing = program('syncthing', 'syncthing')
  const own = join(folder, 'syncthing')
  const [near, far] = [
    await start(syncthing, join(own, 'home-1'), join(own, 'near')),
    await start(syncthing, join(own, 'home-2'), join(own, 'far')),
  ]
  await introduce(near, far)
  await introduce(far, near)
  const isConnected = async (): Promise<boolean> => {
    const { connections } = (await ask(near, 'system/connections')) as { connections: Record<string, { connected: boolean }> }
    return connections[far.id]?.connected === true
  }
  await untilTrue(isConnected, 'connect')
  return {
    name: 'syncthing',
    copy: async (source) => {
      await rename(source, join(near.folder, 'many'))
      await ask(near, `db/scan?folder=${folderId}`, { method: 'POST' })
      const { local } = await files(near)
      await untilTrue(async () => {
        const { local: there, needs } = await files(far)
        return there >= local && needs === 0
      }, 'copy')
    },
    stop: async () => {
      await Promise.all([end(near), end(far)])
    },
  }
}
