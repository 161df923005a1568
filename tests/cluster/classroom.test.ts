/**
 * The acceptance run of the classroom ring: seven real processes of `ringdrop classroom`, the course's words to the letter.
 * Ports are 12000 + id, so nothing else may use them meanwhile.
 */

import { createSocket } from 'node:dgram'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { LineProcess } from './processes.ts'

const ids = [2, 4, 5, 8, 9, 14, 19]
const interval = '0.5'

/** Around the circle. */
const next = (id: number, steps: number): number => ids[(ids.indexOf(id) + steps + ids.length) % ids.length] as number

class Classroom {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ringdrop-room-'))
  readonly #peers = new Map<number, LineProcess>()
  readonly #all: LineProcess[] = []

  folder(id: number): string {
    const folder = join(this.#folder, `peer-${id}`)
    mkdirSync(folder, { recursive: true })
    return folder
  }

  /** Puts a file into a peer's folder. */
  write(id: number, name: string, bytes: Uint8Array): void {
    writeFileSync(join(this.folder(id), name), bytes)
  }

  read(id: number, name: string): Buffer {
    return readFileSync(join(this.folder(id), name))
  }

  /** One `ringdrop classroom …` in the folder of peer `id`. */
  run(id: number, ...args: readonly (string | number)[]): LineProcess {
    // the key that one person's classroom peers share is this room's own
    const home = join(this.#folder, 'home')
    // what a killed peer leaves behind goes with the room
    const temporary = join(this.#folder, 'tmp')
    mkdirSync(temporary, { recursive: true })
    const process = new LineProcess(['classroom', ...args.map(String)], {
      label: `Peer ${id}`,
      cwd: this.folder(id),
      env: {
        XDG_DATA_HOME: home,
        LOCALAPPDATA: home,
        TMPDIR: temporary,
        TEMP: temporary,
        ...(globalThis.process.platform === 'darwin' ? { HOME: home } : {}),
      },
    })
    this.#all.push(process)
    return process
  }

  start(id: number, ...args: readonly (string | number)[]): LineProcess {
    const process = this.run(id, ...args)
    this.#peers.set(id, process)
    return process
  }

  /** The seven peers of the course, each in touch with both successors and both predecessors. */
  async open(): Promise<void> {
    for (const id of ids) this.start(id, 'init', id, next(id, 1), next(id, 2), interval)
    await Promise.all(
      ids.map(async (id) => {
        for (const line of this.pingLines(id)) await this.peer(id).sees(line)
      }),
    )
  }

  pingLines(id: number): string[] {
    return [
      `Ping requests sent to Peers ${next(id, 1)} and ${next(id, 2)}`,
      `Ping response received from Peer ${next(id, 1)}`,
      `Ping response received from Peer ${next(id, 2)}`,
      `Ping request message received from Peer ${next(id, -2)}`,
      `Ping request message received from Peer ${next(id, -1)}`,
    ]
  }

  peer(id: number): LineProcess {
    const peer = this.#peers.get(id)
    if (!peer) throw new Error(`there is no Peer ${id}`)
    return peer
  }

  /** What a peer printed besides its pings. */
  said(id: number): string[] {
    return this.peer(id).lines.filter((line) => !line.startsWith('Ping re'))
  }

  /** Waits until every peer that runs has pinged `count` times more: what was to be said has been said by then. */
  async rounds(count = 2): Promise<void> {
    const running = [...this.#peers.values()].filter((peer) => peer.isRunning)
    const pings = (peer: LineProcess): number => peer.lines.filter((line) => line.startsWith('Ping requests sent')).length
    await Promise.all(
      running.map((peer) => {
        const before = pings(peer)
        return peer.see(() => (pings(peer) >= before + count ? true : null), `${peer.label} pings on`)
      }),
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((process) => process.kill()))
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Runs a command that must be refused: its one line on standard error, and its exit code. */
async function refused(process: LineProcess): Promise<{ code: number | null; line: string }> {
  const { code } = await process.exited
  expect(process.lines).toEqual([])
  expect(process.errorLines, process.report()).toHaveLength(1)
  return { code, line: process.errorLines[0] ?? '' }
}

let room: Classroom
const open = async (): Promise<Classroom> => {
  room = new Classroom()
  await room.open()
  return room
}
afterEach(() => room.close())

describe('the classroom ring', () => {
  it('1. pings both successors, and learns both predecessors from pings', async () => {
    await open()
    await room.rounds()
    for (const id of ids) {
      const { lines } = room.peer(id)
      expect(new Set(lines), room.peer(id).report()).toEqual(new Set(room.pingLines(id)))
      const sent = lines.findIndex((line) => line.startsWith('Ping requests sent'))
      expect(sent).toBeLessThan(lines.findIndex((line) => line.startsWith('Ping response')))
    }
  })

  it('2. takes a peer in through one known peer, and declines a second one of the same id', async () => {
    await open()
    const joiner = room.start(15, 'join', 15, 4, interval)
    await joiner.sees('My second successor is Peer 2')
    await room.peer(9).sees('My new second successor is Peer 15')
    await room.peer(14).sees('My new second successor is Peer 19')
    await room.rounds()
    expect(room.said(15).filter((line) => !line.startsWith('Route'))).toEqual([
      'Join request has been accepted',
      'My first successor is Peer 19',
      'My second successor is Peer 2',
    ])
    for (const id of [4, 5, 8]) expect(room.said(id)).toEqual(['Peer 15 Join request forwarded to my successor'])
    expect(room.said(9)).toEqual([
      'Peer 15 Join request forwarded to my successor',
      'Successor Change request received',
      'My new first successor is Peer 14',
      'My new second successor is Peer 15',
    ])
    expect(room.said(14)).toEqual([
      'Peer 15 Join request received',
      'My new first successor is Peer 15',
      'My new second successor is Peer 19',
    ])
    for (const id of [2, 19]) expect(room.said(id)).toEqual([])
    // the circle is closed through the new peer
    await room.peer(14).sees('Ping requests sent to Peers 15 and 19')
    await joiner.sees('Ping requests sent to Peers 19 and 2')
    await joiner.sees('Ping request message received from Peer 9')
    await joiner.sees('Ping request message received from Peer 14')

    const before = ids.map((id) => room.said(id))
    const second = await refused(room.run(115, 'join', 15, 4, interval))
    expect(second).toEqual({ code: 1, line: 'ringdrop: Join request has been declined: id 15 is already taken; choose another id' })
    await room.rounds()
    expect(ids.map((id) => room.said(id))).toEqual(before)
  })

  it('3. tells both predecessors of a graceful departure', async () => {
    await open()
    room.peer(9).type('Quit')
    expect(await room.peer(9).exited, room.peer(9).report()).toEqual({ code: 0, signal: null })
    await room.peer(8).sees('My new second successor is Peer 19')
    await room.peer(5).sees('My new second successor is Peer 14')
    await room.rounds()
    expect(room.said(9)).toEqual([])
    expect(room.said(8)).toEqual([
      'Peer 9 will depart from the network',
      'My new first successor is Peer 14',
      'My new second successor is Peer 19',
    ])
    expect(room.said(5)).toEqual([
      'Peer 9 will depart from the network',
      'My new first successor is Peer 8',
      'My new second successor is Peer 14',
    ])
    for (const id of [2, 4, 14, 19]) expect(room.said(id)).toEqual([])
    const { lines } = room.peer(14)
    await room.peer(14).sees('Ping request message received from Peer 5', lines.length)
    await room.peer(14).sees('Ping request message received from Peer 8', lines.length)
  })

  // Ctrl+C, closing the terminal, and a crash are the same to the others
  it.each(['SIGKILL', 'SIGINT', 'SIGHUP'] as const)(
    '4. predecessors notice an abrupt departure (%s) and repair the ring',
    async (signal) => {
      await open()
      const at = performance.now()
      room.peer(14).signal(signal)
      await room.peer(14).exited
      await Promise.all([9, 8].map((id) => room.peer(id).sees('Peer 14 is no longer alive')))
      expect(performance.now() - at).toBeLessThan(30_000)
      await room.peer(9).sees('My new second successor is Peer 2')
      await room.peer(8).sees('My new second successor is Peer 19')
      await room.rounds(4)
      expect(room.said(9)).toEqual(['Peer 14 is no longer alive', 'My new first successor is Peer 19', 'My new second successor is Peer 2'])
      expect(room.said(8)).toEqual(['Peer 14 is no longer alive', 'My new first successor is Peer 9', 'My new second successor is Peer 19'])
      for (const id of [2, 4, 5, 14, 19]) expect(room.said(id)).toEqual([])
      const { lines } = room.peer(19)
      await room.peer(19).sees('Ping request message received from Peer 8', lines.length)
      await room.peer(19).sees('Ping request message received from Peer 9', lines.length)
    },
  )

  it('5. stores a file at the closest successor of its key, and shows the route', async () => {
    await open()
    const bytes = randomBytes(100_000)
    room.write(8, '2067.pdf', bytes)
    room.peer(8).type('Store 2067')
    await room.peer(8).sees('Route: 8 -> 9 -> 14 -> 19')
    await room.rounds()
    expect(room.said(8)).toEqual(['Store 2067 request forwarded to my successor', 'Route: 8 -> 9 -> 14 -> 19'])
    for (const id of [9, 14]) expect(room.said(id)).toEqual(['Store 2067 request forwarded to my successor'])
    expect(room.said(19)).toEqual(['Store 2067 request accepted'])
    for (const id of [2, 4, 5]) expect(room.said(id)).toEqual([])
    // the bytes really travelled
    room.peer(19).type('request 2067')
    await room.peer(19).sees('File 2067 received')
    expect(room.read(19, '_2067.pdf').equals(bytes)).toBe(true)
  })

  it('6. requests a file from where it is stored, byte for byte', async () => {
    await open()
    const bytes = randomBytes(3_000_001)
    room.write(5, '4103.pdf', bytes)
    room.peer(5).type('STORE 4103')
    await room.peer(5).sees('Route: 5 -> 8')
    await room.rounds()
    expect(room.said(8)).toEqual(['Store 4103 request accepted'])
    const from = new Map([4, 5, 8].map((id) => [id, room.said(id).length]))
    const since = (id: number): string[] => room.said(id).slice(from.get(id))

    room.peer(2).type('Request 4103')
    await room.peer(2).sees('File 4103 received')
    await room.peer(8).sees('The file has been sent')
    await room.rounds()
    expect(room.said(2).filter((line) => !line.startsWith('Route'))).toEqual([
      'File request for 4103 has been sent to my successor',
      'Peer 8 had File 4103',
      'Receiving File 4103 from Peer 8',
      'File 4103 received',
    ])
    expect(room.said(2)).toContain('Route: 2 -> 4 -> 5 -> 8')
    for (const id of [4, 5]) expect(since(id)).toEqual(['Request for File 4103 has been received, but the file is not stored here'])
    expect(since(8)).toEqual(['File 4103 is stored here', 'Sending file 4103 to Peer 2', 'The file has been sent'])
    for (const id of [9, 14, 19]) expect(room.said(id)).toEqual([])
    expect(readdirSync(room.folder(2))).toEqual(['_4103.pdf'])
    expect(room.read(2, '_4103.pdf').equals(bytes)).toBe(true)

    // a second time, and by the peer that stores it: answered at once, from its own disk
    const said = room.said(8).length
    room.peer(8).type('request 4103')
    await room.peer(8).sees('File 4103 received')
    expect(room.said(8).slice(said)).toEqual(['File 4103 is stored here', 'File 4103 received'])
    expect(room.read(8, '_4103.pdf').equals(bytes)).toBe(true)
    const again = room.peer(2).lines.length
    room.peer(2).type('request 4103')
    await room.peer(2).sees('File 4103 received', again)
    expect(room.said(2).slice(-3)).toEqual(['Peer 8 had File 4103', 'Receiving File 4103 from Peer 8', 'File 4103 received'])
  })

  it('keeps what a peer that quits had stored, and any name is allowed', async () => {
    await open()
    const bytes = randomBytes(70_000)
    room.write(2, 'Über uns, 3. Entwurf.txt', bytes)
    room.write(2, 'empty', new Uint8Array())
    room.write(2, '4103.pdf', bytes)
    for (const name of ['Über uns, 3. Entwurf.txt', 'empty', '4103']) {
      const from = room.peer(2).lines.length
      room.peer(2).type(`store ${name}`)
      await room.peer(2).see(
        () =>
          room
            .peer(2)
            .lines.slice(from)
            .find((line) => /^Route|request accepted$/.test(line)),
        `${name} is stored`,
      )
    }
    room.peer(8).type('qUIT')
    expect(await room.peer(8).exited, room.peer(8).report()).toEqual({ code: 0, signal: null })
    for (const name of ['Über uns, 3. Entwurf.txt', 'empty', '4103']) {
      room.peer(19).type(`request ${name}`)
      await room.peer(19).sees(`File ${name} received`)
    }
    expect(room.read(19, '_Über uns, 3. Entwurf.txt').equals(bytes)).toBe(true)
    expect(room.read(19, '_empty')).toHaveLength(0)
    expect(room.read(19, '_4103.pdf').equals(bytes)).toBe(true)
  })
})

describe('bad input', () => {
  it('is answered in one line and changes nothing', async () => {
    await open()
    const peer = room.peer(4)
    const answerTo = async (line: string): Promise<string[]> => {
      const from = room.said(4).length
      peer.type(line)
      await peer.see(() => room.said(4)[from], `an answer to '${line}'`)
      await room.rounds(1)
      return room.said(4).slice(from)
    }
    const commands = 'the commands are Store NAME, Request NAME and Quit'
    expect(await answerTo('Fetch 2067')).toEqual([`Unknown command Fetch; ${commands}`])
    expect(await answerTo('Store')).toEqual(['Store needs the name of a file: Store NAME'])
    expect(await answerTo('  request  ')).toEqual(['Request needs the name of a file: Request NAME'])
    expect(await answerTo('Quit now')).toEqual(['Quit takes no argument'])
    expect(await answerTo(`Store ${'x'.repeat(300)}`)).toEqual(['Store: that name is too long'])
    expect(await answerTo('Store 9999')).toEqual([`There is no file 9999 in ${room.folder(4)}`])
    expect(await answerTo('Store ../secret')).toEqual([
      `../secret: a file's name has no slashes; files are looked for in ${room.folder(4)}`,
    ])
    for (const id of ids.filter((each) => each !== 4)) expect(room.said(id)).toEqual([])

    const from = room.said(4).length
    peer.type('Request 1030')
    await peer.sees('File 1030 is not stored in the ring')
    expect(
      room
        .said(4)
        .slice(from)
        .filter((line) => !line.startsWith('Route')),
    ).toEqual(['File request for 1030 has been sent to my successor', 'File 1030 is not stored in the ring'])
    // passed on by 5 to 8, where it would be
    for (const id of ids.filter((each) => each !== 4)) {
      expect(room.said(id)).toEqual([5, 8].includes(id) ? ['Request for File 1030 has been received, but the file is not stored here'] : [])
    }
    expect(readdirSync(room.folder(4))).toEqual([])
    // an empty line is no command, and the ring still works
    peer.type('')
    room.write(4, '1030', randomBytes(10))
    peer.type('Store 1030')
    await peer.sees('Store 1030 request forwarded to my successor')
    await room.peer(8).sees('Store 1030 request accepted')
  })

  it('on the command line is refused in one line', async () => {
    room = new Classroom()
    // the known peer may be started a little later, so this one takes a while to give up
    const alone = room.run(15, 'join', 15, 4, interval)
    const ids = 'ids are whole numbers from 0 to 255'
    for (const [args, line] of [
      [['init', 256, 4, 5, 1], `256 is not a peer's id; ${ids}`],
      [['init', 2, 4, -1, 1], null],
      [['init', 2, 'four', 5, 1], `four is not a peer's id; ${ids}`],
      [['init', 2, 2.5, 5, 1], `2.5 is not a peer's id; ${ids}`],
      [['init', 2, 2, 5, 1], "Peer 2 cannot be its own successor; give two other peers' ids"],
      [['init', 2, 4, 5, 0], '0 is not a ping interval; it is a number of seconds from 0.01 to 3600'],
      [['init', 2, 4, 5], null],
      [['init', 2, 4, 5, 1, 6], null],
      [['join', 15, 300, 1], `300 is not a peer's id; ${ids}`],
      [['join', 15, 15, 1], "Peer 15 cannot join through itself; give another peer's id"],
      [['join', 15], null],
      [['start', 15], null],
    ] as const) {
      const answer = await refused(room.run(2, ...args))
      expect(answer.code, args.join(' ')).toBe(2)
      if (line !== null) expect(answer.line).toBe(`ringdrop: ${line}`)
    }
    expect(await refused(alone)).toEqual({
      code: 1,
      line: 'ringdrop: Peer 4 does not answer on port 12004; start it first, or join through another peer',
    })
  })

  it('a port in use, by a peer or by anything else, over TCP or UDP', async () => {
    room = new Classroom()
    const first = room.start(2, 'init', 2, 4, 5, interval)
    await first.sees('Ping requests sent to Peers 4 and 5')
    const answer = { code: 1, line: 'ringdrop: Port 12002 is in use; is there a Peer 2 already? Choose another id' }
    expect(await refused(room.run(2, 'init', 2, 4, 5, interval))).toEqual(answer)
    expect(first.isRunning).toBe(true)
    await first.kill()

    const server = createServer().listen(12_002, '127.0.0.1')
    await once(server, 'listening')
    expect(await refused(room.run(2, 'init', 2, 4, 5, interval))).toEqual(answer)
    server.close()
    await once(server, 'close')

    const socket = createSocket('udp4').bind(12_002, '127.0.0.1')
    await once(socket, 'listening')
    expect(await refused(room.run(2, 'init', 2, 4, 5, interval))).toEqual(answer)
    socket.close()
    await once(socket, 'close')
  })
})
