/** Those we measure ourselves against, each on loopback with throw-away settings: scp and an rsync daemon. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { say } from './figures.ts'
import { freePort, Skipped } from './tools.ts'

export interface Other {
  readonly name: string
  /** Copies `source` to the other side; rejects when it fails. */
  copy(source: string): Promise<void>
  /** What a copy leaves behind and the next one must not find; not part of its time. */
  tidy?(): Promise<void>
  stop(): Promise<void>
}

/** Starts each; says which cannot run here. */
export async function startOthers(folder: string, starts: readonly ((folder: string) => Promise<Other>)[]): Promise<Other[]> {
  const others: Other[] = []
  for (const start of starts) {
    try {
      others.push(await start(folder))
    } catch (error) {
      if (!(error instanceof Skipped)) throw error
      say(`skipped: ${error.message}`)
    }
  }
  return others
}

/** The program's path; installed from Debian when this is root on one and it is missing. */
export function program(name: string, debianPackage: string): string {
  const find = (): string | undefined =>
    ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'].map((folder) => join(folder, name)).find((path) => existsSync(path))
  if (!find() && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', debianPackage], { stdio: 'ignore', timeout: 120_000 })
  }
  const found = find()
  if (found === undefined) throw new Skipped(`${name} is missing (Debian: apt-get install ${debianPackage})`)
  return found
}

export async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${errors.trim()}`)
}

/** A server that runs until `stop`; resolves when its port takes connections. */
export async function daemon(command: string, args: readonly string[], port: number): Promise<() => Promise<void>> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const closed = once(child, 'close')
  const { connect: dial } = await import('node:net')
  for (let tries = 0; ; tries++) {
    const socket = dial(port, '127.0.0.1')
    const isOpen = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(
      () => false,
    )
    socket.destroy()
    if (isOpen) break
    if (tries > 100 || child.exitCode !== null) throw new Skipped(`${command} did not start: ${errors.trim()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return async () => {
    child.kill()
    await closed
  }
}

/** scp to an sshd of its own: throw-away keys, a high port, this user only. */
export async function startScp(folder: string): Promise<Other> {
  const sshd = program('sshd', 'openssh-server')
  const scp = program('scp', 'openssh-client')
  const keygen = program('ssh-keygen', 'openssh-client')
  const port = await freePort()
  const own = join(folder, 'ssh')
  await mkdir(own, { mode: 0o700 })
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
  const path = (name: string): string => join(own, name)
  await run(keygen, ['-q', '-t', 'ed25519', '-N', '', '-f', path('host')])
  await run(keygen, ['-q', '-t', 'ed25519', '-N', '', '-f', path('user')])
  await writeFile(path('authorized_keys'), await readFile(path('user.pub')))
  await chmod(path('authorized_keys'), 0o600)
  const config = {
    Port: port,
    ListenAddress: '127.0.0.1',
    HostKey: path('host'),
    AuthorizedKeysFile: path('authorized_keys'),
    PidFile: path('pid'),
    PasswordAuthentication: 'no',
    KbdInteractiveAuthentication: 'no',
    PermitRootLogin: 'prohibit-password',
    StrictModes: 'no',
    UsePAM: 'no',
    Subsystem: 'sftp internal-sftp',
  }
  await writeFile(
    path('config'),
    Object.entries(config)
      .map(([key, value]) => `${key} ${value}\n`)
      .join(''),
  )
  const stop = await daemon(sshd, ['-D', '-e', '-f', path('config')], port)
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'IdentitiesOnly=yes', 'Compression=no', 'LogLevel=ERROR']
  const args = ['-q', '-F', '/dev/null', '-P', String(port), '-i', path('user'), ...options.flatMap((option) => ['-o', option])]
  return {
    name: 'scp',
    copy: (source) => run(scp, [...args, source, `${userInfo().username}@127.0.0.1:${path('copy')}`]),
    stop,
  }
}

/** rsync to a daemon of its own: neither encrypted nor synced to the disk. */
export async function startRsync(folder: string): Promise<Other> {
  const rsync = program('rsync', 'rsync')
  const port = await freePort()
  const own = join(folder, 'rsync')
  await mkdir(own)
  const config = join(own, 'config')
  const { uid, gid } = userInfo()
  await writeFile(config, `use chroot = no\nuid = ${uid}\ngid = ${gid}\n[bench]\npath = ${own}\nread only = no\n`)
  const stop = await daemon(rsync, ['--daemon', '--no-detach', '--address=127.0.0.1', `--port=${port}`, `--config=${config}`], port)
  return {
    name: 'rsync daemon (not encrypted)',
    copy: (source) => run(rsync, ['--recursive', '--whole-file', '--ignore-times', source, `rsync://127.0.0.1:${port}/bench/copy`]),
    stop,
  }
}
