/** The limit of a link: bytes over plain TCP, from memory to nowhere, by one sender or several at once. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Host } from './hosts.ts'

/** Says its port, then, when `count` senders have ended, the seconds since the first byte. */
const receiver = `
const [address, count] = process.argv.slice(1)
let ended = 0, startedAt = 0
const server = require('node:net').createServer((socket) => {
  startedAt ||= performance.now()
  socket.resume().on('end', () => {
    socket.end()
    if (++ended < Number(count)) return
    console.log((performance.now() - startedAt) / 1000)
    server.close()
  })
})
server.listen(0, address, () => console.log(server.address().port))
`
const sender = `
const { once } = require('node:events')
const [address, port, size] = process.argv.slice(1)
const piece = Buffer.alloc(262144)
const socket = require('node:net').connect(Number(port), address, async () => {
  for (let left = Number(size); left > 0; left -= piece.length)
    if (!socket.write(piece.subarray(0, Math.min(left, piece.length)))) await once(socket, 'drain')
  socket.end()
})
`

function start(host: Host, code: string, args: readonly (string | number)[]): ReturnType<typeof spawn> {
  const [command = '', ...rest] = [...host.under, process.execPath, '-e', code, ...args.map(String)]
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Seconds until `to` has `sizeBytes`, of which each of `from` sends its share. */
export async function plainSeconds(from: readonly Host[], to: Host, sizeBytes: number): Promise<number> {
  const receiving = start(to, receiver, [to.address, from.length])
  if (!receiving.stdout) throw new Error('The receiver has no output')
  const lines = createInterface({ input: receiving.stdout })
  const [port] = (await once(lines, 'line')) as [string]
  const seconds = once(lines, 'line') as Promise<[string]>
  for (const host of from) start(host, sender, [to.address, port, Math.ceil(sizeBytes / from.length)])
  return Number((await seconds)[0])
}
