import { expect, test } from 'vitest'
import { FileRing, type FileMachine } from '../../tests/fakes/file-ring.ts'
import { AppError } from '../../shared/errors.ts'
import type { PathAndName } from './expand-paths.ts'
import { BurstRequests } from './peer-burst-requests.ts'
import { PeerBursts } from './peer-bursts.ts'
import { Transfers } from './transfer/transfers.ts'

const fileBytes = 1000
const named = (name: string): PathAndName => ({ path: `/${name}`, name })
const files = ['a', 'b', 'c'].map(named)

/** A machine with room for so many of the files, and its list of transfers. */
async function machineWithRoomFor(count: number) {
  const ring = new FileRing({ copies: 1, small: true })
  const machine = await ring.start(1000, { offeredBytes: count * fileBytes + fileBytes / 2 })
  for (const { path, name } of files) await (await machine.disk.open(path, 'new')).write(Buffer.alloc(fileBytes, name), 0)
  const transfers = new Transfers({ onChange: () => undefined, onEnd: () => undefined })
  const session = () => ({ context: machine.context, catalogue: machine.context.catalogue, space: ring.space, nameOf: () => 'Desk' })
  const alone: string[] = []
  const bursts = new PeerBursts({
    session,
    transfers,
    onEvent: () => undefined,
    storeFile: ({ name }) => {
      alone.push(name)
      return Promise.reject(new AppError('disk-full', 'No room'))
    },
  })
  const requests = new BurstRequests({
    session,
    transfers,
    onEvent: () => undefined,
    onWritten: () => undefined,
    requestFile: () => Promise.reject(new AppError('not-found', 'Not there')),
  })
  return { machine, transfers, bursts, requests, alone }
}

async function store(bursts: PeerBursts): Promise<string[]> {
  const outcomes: string[] = []
  await bursts.store(files, {
    onDone: ({ name }, outcome) => {
      outcomes.push(`${name} ${outcome instanceof AppError ? outcome.code : outcome.state}`)
    },
  })
  return outcomes.sort()
}

/** No more files are written on this disk. Result: ends it. */
function fill({ disk }: FileMachine): () => void {
  const writeWhole = disk.writeWhole.bind(disk)
  disk.writeWhole = (some) => Promise.resolve(some.map(() => new AppError('disk-full', 'The disk is full')))
  return () => (disk.writeWhole = writeWhole)
}

test('a pack of which nothing could be stored has failed, and its row says why', async () => {
  const { bursts, transfers } = await machineWithRoomFor(0)
  expect(await store(bursts)).toEqual(['a disk-full', 'b disk-full', 'c disk-full'])
  expect(transfers.views().map(({ state, error }) => [state, error?.code])).toEqual([['failed', 'disk-full']])
})

test('one of which some could not be stored is partly stored; what is tried again are these', async () => {
  const { bursts, transfers, alone } = await machineWithRoomFor(2)
  const refused = (await store(bursts)).filter((outcome) => outcome.endsWith(' disk-full'))
  const [view] = transfers.views()
  expect(view?.state).toBe('partial')
  transfers.retry(view?.id ?? '', 'decline')
  while (alone.length === 0) await new Promise(setImmediate)
  expect([alone.map((name) => `${name} disk-full`), transfers.views()]).toEqual([refused, []])
})

test('what a cancelled pack did not come to is tried again', async () => {
  const { bursts, transfers } = await machineWithRoomFor(3)
  const outcomes: string[] = []
  const onDone = ({ name }: PathAndName, outcome: unknown): void => {
    outcomes.push(`${name} ${outcome instanceof AppError ? outcome.code : 'stored'}`)
  }
  // as many others as run at once: it waits its turn
  let goOn = (): void => undefined
  const resting = new Promise<void>((resolve) => (goOn = resolve))
  const others = Array.from({ length: 4 }, () => transfers.run({ kind: 'store', name: 'other' }, () => resting))
  const storing = bursts.store(files, { onDone })
  const isPack = ({ name }: { readonly name: string }): boolean => name === 'a and 2 more'
  while (!transfers.views().some(isPack)) await new Promise(setImmediate)
  const id = transfers.views().find(isPack)?.id ?? ''
  transfers.cancel(id)
  await storing
  expect([outcomes.sort(), transfers.view(id)?.state]).toEqual([['a cancelled', 'b cancelled', 'c cancelled'], 'cancelled'])
  goOn()
  await Promise.all(others)
  transfers.retry(id, 'decline')
  while (transfers.views().find(isPack)?.state !== 'done') await new Promise(setImmediate)
})

test('a pack that came but could not be written has failed; tried again, it is where it was to be', async () => {
  const { machine, bursts, transfers, requests } = await machineWithRoomFor(3)
  await store(bursts)
  transfers.clearEnded()
  const empty = fill(machine)
  const outcomes: string[] = []
  await requests.request(['a', 'b'], {
    folder: '/out',
    onDone: (name, outcome) => {
      outcomes.push(`${name} ${outcome instanceof AppError ? outcome.code : outcome.out}`)
    },
  })
  expect(outcomes.sort()).toEqual(['a disk-full', 'b disk-full'])
  const [view] = transfers.views()
  expect([view?.state, view?.error?.code]).toEqual(['failed', 'disk-full'])
  empty()
  transfers.retry(view?.id ?? '', 'decline')
  while (transfers.views()[0]?.state !== 'done') await new Promise(setImmediate)
  expect((await machine.disk.stat('/out/a'))?.sizeBytes).toBe(fileBytes)
})
