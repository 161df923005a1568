/**
 * Machines as network namespaces on one switch, each with a link of its own whose rate is bounded both ways. Needs Linux, root and
 * iproute2. Nothing outside the namespaces is touched, and all of them go at the end.
 */

import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import type { StartOptions } from '../tests/cluster/processes.ts'
import { Skipped } from './tools.ts'

const execute = promisify(execFile)

/** What may pass at once after a pause: a hundredth of a second of the fastest link, so that a late wake-up of the kernel costs nothing. */
const burstBytes = 4_000_000
/** What the link's queue holds, in time at its rate: long enough to stay full, short enough that pings are answered. */
const queueMs = 50

async function ip(...args: readonly string[]): Promise<string> {
  return (await execute('ip', args)).stdout
}

/** One machine: where its peer is started, and its link. */
export class Host {
  readonly #namespace: string
  readonly #switch: string
  readonly #port: string
  readonly address: string

  constructor(names: { readonly namespace: string; readonly switch: string; readonly port: string }, address: string) {
    this.#namespace = names.namespace
    this.#switch = names.switch
    this.#port = names.port
    this.address = address
  }

  /** A command line's beginning that runs the rest of it on this machine. */
  get under(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespace]
  }

  /** For a peer on this machine. */
  get options(): StartOptions {
    return { host: this.address, under: this.under }
  }

  async plugIn(): Promise<void> {
    await ip('netns', 'add', this.#namespace)
    await ip('-n', this.#namespace, 'link', 'set', 'lo', 'up')
    await ip('-n', this.#switch, 'link', 'add', this.#port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.#namespace)
    await ip('-n', this.#switch, 'link', 'set', this.#port, 'master', 'switch', 'up')
    await ip('-n', this.#namespace, 'address', 'add', `${this.address}/24`, 'dev', 'eth0')
    await ip('-n', this.#namespace, 'link', 'set', 'eth0', 'up')
  }

  /** Bounds the link to so many bytes a second, each way. */
  async shape(bytesPerSecond: number): Promise<void> {
    const ends = [
      [this.#namespace, 'eth0'],
      [this.#switch, this.#port],
    ] as const
    for (const [namespace, device] of ends) {
      const filter = ['tbf', 'rate', `${bytesPerSecond * 8}bit`, 'burst', String(Math.min(burstBytes, bytesPerSecond / 50))]
      await execute('tc', ['-n', namespace, 'qdisc', 'replace', 'dev', device, 'root', ...filter, 'latency', `${queueMs}ms`])
    }
  }

  /** Bytes that came over the link so far, headers included. */
  async receivedBytes(): Promise<number> {
    const text = await ip('-n', this.#namespace, '-j', '-s', 'link', 'show', 'dev', 'eth0')
    const [link] = JSON.parse(text) as [{ stats64: { rx: { bytes: number } } }]
    return link.stats64.rx.bytes
  }
}

/** Runs `work` with `count` machines on one switch. */
export async function withHosts(count: number, work: (hosts: Host[]) => Promise<void>): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new Skipped('machines with links of their own need Linux and root')
  if (!existsSync('/usr/sbin/tc') && !existsSync('/sbin/tc')) throw new Skipped('tc is missing (Debian: apt-get install iproute2)')
  const prefix = `ringdrop-bench-${process.pid}`
  const names = [`${prefix}-switch`, ...Array.from({ length: count }, (_, number) => `${prefix}-${number + 1}`)]
  const [switchName = '', ...namespaces] = names
  const interrupted = (): void => process.exit(1)
  const remove = (): void => {
    for (const name of names.toReversed()) spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' })
  }
  // nobody else would take them away after Ctrl+C
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted).once('exit', remove)
  try {
    await ip('netns', 'add', switchName)
    await ip('-n', switchName, 'link', 'add', 'switch', 'type', 'bridge')
    await ip('-n', switchName, 'link', 'set', 'switch', 'up')
    const hosts: Host[] = []
    for (const [index, namespace] of namespaces.entries()) {
      const host = new Host({ namespace, switch: switchName, port: `port${index + 1}` }, `10.99.0.${index + 1}`)
      await host.plugIn()
      hosts.push(host)
    }
    await work(hosts)
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted).off('exit', remove)
    remove()
  }
}
