/** What Linux tells about a process in /proc: processor time and memory. */

import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'

export const hasProc = existsSync('/proc/self/clear_refs')

/** Linux counts processor time in hundredths of a second, whatever the kernel's own clock. */
const ticksPerSecond = 100

/** Processor seconds of all its threads since it started, in the program and in the kernel. */
export async function cpuSeconds(pid: number): Promise<number> {
  // the program's name, in brackets, may have spaces
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Resident memory in MB: now, or the most since the process started or `resetPeak`. */
export async function residentMegabytes(pid: number, which: 'now' | 'peak'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const [, kibibytes = 'NaN'] = (which === 'now' ? /^VmRSS:\s+(\d+) kB$/m : /^VmHWM:\s+(\d+) kB$/m).exec(status) ?? []
  return (Number(kibibytes) * 1024) / 1e6
}

export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5')
}
