/** The limit that no program in this runtime can pass: node's own TLS 1.3 from one thread to another, with and without a file. */

import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { connect, type TLSSocket } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { IdentifierSpace } from '../electron/peer/protocol/identifier.ts'
import { createCredentials } from '../electron/peer/trust/credentials.ts'
import { createIdentity } from '../electron/peer/trust/identity.ts'
import { createRingKey } from '../electron/peer/trust/ring-key.ts'
import type { Other } from './others.ts'

/** The receiving ends, as text: a worker of Node 20 takes no TypeScript. */
const server = `
const { createHash } = require('node:crypto')
const { createServer } = require('node:tls')
const { parentPort, workerData } = require('node:worker_threads')
const server = createServer({ ...workerData, minVersion: 'TLSv1.3' }, (socket) => serve(socket.setNoDelay()))
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`
const hashing = `
function serve(socket) {
  const hash = createHash('sha256')
  socket.on('data', (chunk) => hash.update(chunk))
  socket.on('end', () => {
    socket.end()
    parentPort.postMessage(hash.digest('hex'))
  })
}
`
/** To four bytes, their number as bytes. */
const answering = `
function serve(socket) {
  socket.on('data', (chunk) => socket.write(Buffer.alloc(chunk.readUInt32BE())))
}
`

interface End {
  readonly worker: Worker
  readonly dial: () => Promise<TLSSocket>
}

async function startEnd(code: string): Promise<End> {
  const credentials = await createCredentials({
    ringKey: createRingKey(),
    identity: createIdentity(),
    space: new IdentifierSpace(160),
    chosenId: null,
  })
  const worker = new Worker(server + code, {
    eval: true,
    workerData: { cert: credentials.certificatePem, key: credentials.privateKeyPem },
  })
  const [port] = (await once(worker, 'message')) as [number]
  return {
    worker,
    dial: async () => {
      const socket = connect({ host: '127.0.0.1', port, minVersion: 'TLSv1.3', rejectUnauthorized: false }).setNoDelay()
      await once(socket, 'secureConnect')
      return socket
    },
  }
}

/** A file sent as fast as it goes, SHA-256 at the receiver, nothing written. */
export async function startPipe(): Promise<Other> {
  const { worker, dial } = await startEnd(hashing)
  return {
    name: 'limit: TLS and SHA-256 in node',
    copy: async (source) => {
      const hashed = once(worker, 'message')
      const socket = await dial()
      const file = await open(source)
      for (;;) {
        const buffer = Buffer.allocUnsafe(1024 * 1024)
        const { bytesRead } = await file.read(buffer)
        if (bytesRead === 0) break
        if (!socket.write(buffer.subarray(0, bytesRead))) await once(socket, 'drain')
      }
      await file.close()
      socket.end()
      await hashed
    },
    stop: async () => {
      await worker.terminate()
    },
  }
}

/** Asks for `sizeBytes` over one warm connection, `count` times one after the other. Result: milliseconds of each. */
export async function roundTrips(sizeBytes: number, count: number): Promise<number[]> {
  const { worker, dial } = await startEnd(answering)
  const socket = await dial()
  const question = Buffer.alloc(4)
  question.writeUInt32BE(sizeBytes)
  const times: number[] = []
  while (times.length < count) {
    const startedAt = performance.now()
    socket.write(question)
    for (let received = 0; received < sizeBytes;) received += ((await once(socket, 'data')) as [Buffer])[0].length
    times.push(performance.now() - startedAt)
  }
  socket.destroy()
  await worker.terminate()
  return times
}
