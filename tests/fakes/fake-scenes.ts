/** What the fake peer shows: a home ring in full life, and rings of other sizes. All numbers agree with each other. */

import { judgeSafety, type HeldFile } from '../../electron/peer/ring/safety.ts'
import type { Settings } from '../../shared/settings.ts'
import { settingsDefaults } from '../../shared/settings.ts'
import type {
  ActivityView,
  FileView,
  HolderView,
  MachineView,
  NearbyRingView,
  RemovedView,
  RingView,
  SafetyView,
  TransferView,
  VersionView,
  WhereView,
} from '../../shared/views.ts'

export type SceneName = 'home' | 'safe' | 'empty' | 'one' | 'two' | 'three' | 'seven' | 'twenty' | 'close' | 'classroom' | 'many'

export interface Scene {
  readonly ring: RingView
  readonly files: readonly FileView[]
  readonly transfers: readonly TransferView[]
  readonly activity: readonly ActivityView[]
  readonly safety: SafetyView
  readonly settings: Settings
  readonly nearby: readonly NearbyRingView[]
  readonly removed: readonly RemovedView[]
  where(file: FileView): WhereView
}

/** Numbers that look random and are the same each time (mulberry32). */
function makeRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const homeMachines: readonly (readonly [string, number])[] = [
  ['Desk', 0.03],
  ['Laptop', 0.21],
  ['Attic', 0.43],
  ['Studio', 0.62],
  ['Kitchen', 0.84],
]
const moreNames = 'Garage Tablet Workshop Library Balcony Cellar Hallway Office Pantry Guest Nas Mini Tower Rack Barn'.split(' ')
const hash = (random: () => number, length: number): string => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('')

function machinesOf(scene: SceneName, random: () => number): readonly (readonly [string, number])[] {
  const named = (count: number, place: (index: number) => number): (readonly [string, number])[] =>
    Array.from(
      { length: count },
      (_, index) => [homeMachines[index]?.[0] ?? moreNames[index - 5] ?? `Machine ${index}`, place(index)] as const,
    )
  switch (scene) {
    case 'empty':
    case 'one':
      return named(1, () => 0.31)
    case 'two':
      return named(2, (index) => 0.1 + index * 0.03)
    case 'three':
      return named(3, (index) => [0.02, 0.4, 0.71][index] ?? 0)
    case 'seven':
      return named(7, (index) => (index + random() * 0.8) / 7)
    case 'twenty':
      return named(20, () => random())
    case 'close':
      return named(5, (index) => 0.47 + index * 0.012)
    case 'classroom':
      return [2, 4, 5, 8, 9, 14, 19].map((id) => [`Peer ${id}`, id / 256] as const)
    default:
      return homeMachines
  }
}

const folders = [
  'Household',
  'Photos',
  'Film',
  'Letters',
  'Systems',
  'Notes',
  'Studio',
  'Lab',
  'Books',
  'Music',
  'Photos/2025 Lofoten',
  'Work/Offers',
]
const bases = [
  'Insurance',
  'Aurora',
  'Recipe',
  'Landlord',
  'Minutes',
  'Invoice',
  'Sketch',
  'run',
  'Chapter',
  'Take',
  'Tromsø',
  'Ålesund',
  'Straße',
  '東京',
  'Отчёт',
  'قائمة',
  'Kıbrıs',
]
const kinds: readonly (readonly [string, number])[] = [
  ['pdf', 2e6],
  ['jpg', 9e6],
  ['mov', 9e8],
  ['docx', 6e4],
  ['md', 6e3],
  ['csv', 9e6],
  ['epub', 1e6],
  ['flac', 3e7],
  ['psd', 4e8],
  ['zip', 8e8],
]

/** The first rows, chosen for what they show: [name, bytes, age in hours, copies, state]. */
const firstFiles: readonly (readonly [string, number, number, readonly number[], FileView['state']])[] = [
  ['Household/Insurance 2026.pdf', 1.4e6, 0.3, [0, 1, 2], 'safe'],
  ['Photos/Lofoten raw.zip', 18.6e9, 0.9, [1, 2], 'copying'],
  ['Photos/Aurora 0412.jpg', 9.2e6, 1.4, [2, 3, 4], 'safe'],
  ['Film/Anna’s first steps.mov', 2.1e9, 20, [4, 0, 1], 'safe'],
  ['Letters/Landlord.docx', 48e3, 26, [3, 4, 0], 'safe'],
  ['Systems/debian-13.iso', 4.4e9, 49, [0, 1, 3], 'safe'],
  ['Notes/Åpen hylle.md', 6e3, 71, [1, 2, 3], 'safe'],
  ['Studio/cover v7.psd', 640e6, 75, [3, 0, 1], 'safe'],
  ['Work/Offers/2026/North side renovation, third draft with all the appendices and drawings.pdf', 12e6, 80, [2, 4, 0], 'safe'],
  ['Books/Walden.epub', 1.1e6, 90, [0, 2, 4], 'safe'],
]

/** A row as safety counts it. */
export function heldFile(file: FileView): HeldFile {
  return { name: file.name, contents: [file.holders.map(({ machineId }) => machineId)] }
}

export function makeScene(name: SceneName, now: number): Scene {
  const random = makeRandom(name.length * 7919 + name.charCodeAt(0))
  const isClassroom = name === 'classroom'
  const busy = name === 'home'
  const placed = [...machinesOf(name, random)].sort((a, b) => a[1] - b[1])
  const ids = placed.map(([label]) => (isClassroom ? label.slice(5) : hash(random, 40)))
  const selfIndex = Math.max(
    0,
    placed.findIndex(([label]) => label === 'Desk' || label === 'Peer 8'),
  )
  const machines = placed.map(([label, position], index): MachineView => {
    const away = busy && label === 'Kitchen'
    const isSelf = index === selfIndex
    const order = homeMachines.findIndex(([home]) => home === label)
    return {
      id: ids[index] ?? '',
      name: label,
      state: away ? 'away' : 'online',
      isSelf,
      position,
      address: isSelf ? null : `192.168.1.${20 + index}:41207`,
      roundTripMs: isSelf ? null : away ? 11 : 2 + Math.floor(random() * 12),
      lastHeardAt: isSelf ? null : away ? now - 5_400_000 : now - Math.floor(random() * 900),
      awaySince: away ? now - 5_400_000 : null,
      colour: order >= 0 ? order : index + 5,
    }
  })
  const count = machines.length
  const wanted = isClassroom ? 1 : 3
  const online = machines.filter((machine) => machine.state !== 'away')
  const near = isClassroom || online.length < 5 ? [-1, 1, 2] : [-2, -1, 1, 2]
  const at = online.findIndex((machine) => machine.isSelf)
  const neighbours =
    online.length < 2
      ? []
      : near
          .slice(0, 2 * online.length - 2)
          .map((offset) => ({ offset, machineId: online[(at + offset + 2 * online.length) % online.length]?.id ?? '' }))
  const ring: RingView = {
    name: isClassroom ? 'Classroom' : 'Home',
    ringId: hash(random, 32),
    selfId: ids[selfIndex] ?? '',
    copiesWanted: wanted,
    bits: isClassroom ? 8 : 160,
    machines,
    neighbours,
  }

  const byName = (label: string): number =>
    Math.max(
      0,
      machines.findIndex((machine) => machine.name === label),
    )
  const holder = (index: number): HolderView => ({
    machineId: ids[index % count] ?? '',
    verifiedAt: now - 7_200_000 - Math.floor(random() * 5e6),
    online: machines[index % count]?.state !== 'away',
  })
  const file = (
    label: string,
    sizeBytes: number,
    storedAt: number,
    { on, state }: { on: readonly number[]; state: FileView['state'] },
  ): FileView => {
    const places = [...new Set(on.map((index) => index % count))].slice(0, wanted)
    const holders = places.map(holder).sort((a, b) => Number(b.online) - Number(a.online))
    const writer = machines[places[0] ?? 0]
    return {
      name: label,
      sizeBytes: Math.round(sizeBytes),
      storedAt,
      writerId: writer?.id ?? '',
      writerName: writer?.name ?? '',
      sha256: hash(random, 64),
      state: count === 1 ? 'at-risk' : state,
      holders,
      copiesWanted: count < wanted ? count : wanted,
      here: places.includes(selfIndex),
      liveVersions: 1,
    }
  }

  const total = name === 'empty' ? 0 : isClassroom ? 6 : name === 'one' ? 14 : name === 'many' ? 60_000 : 1204
  const files: FileView[] = []
  if (isClassroom)
    for (const label of ['2067', '4103', '1100', '3006', '0258', 'slides.pdf'].slice(0, total))
      files.push(file(label, 2000 + random() * 1e6, now - random() * 1e8, { on: [byName('Peer 19'), 3], state: 'safe' }))
  else if (total > 0) {
    for (const [label, size, hours, places, state] of firstFiles)
      files.push(
        file(label, size, now - hours * 3_600_000, {
          on: places.map((i) => byName(homeMachines[i]?.[0] ?? '') || i),
          state: busy ? state : 'safe',
        }),
      )
    if (busy) {
      files.push({ ...file('Notes/Shopping.md', 2e3, now - 2 * 3_600_000, { on: [0, 1, 2], state: 'safe' }), liveVersions: 2 })
      files.push(file('Lab/run-2067.csv', 12e6, now - 3 * 3_600_000, { on: [1], state: 'at-risk' }))
      files.push(file('Film/Grandfather 1962.mov', 5.2e9, now - 4 * 3_600_000, { on: [4], state: 'out-of-reach' }))
    }
    for (let index = files.length; index < total; index++) {
      const [ending, size] = kinds[Math.floor(random() * kinds.length)] ?? ['bin', 1e6]
      const label = `${folders[Math.floor(random() * folders.length)]}/${bases[Math.floor(random() * bases.length)]} ${String(index).padStart(4, '0')}.${ending}`
      const first = Math.floor(random() * count)
      files.push(
        file(label, size * (0.2 + random()), now - (96 + random() * 9000) * 3_600_000, {
          on: [first, first + 1, first + 2],
          state: 'safe',
        }),
      )
    }
  }

  const onlineIds = online.map(({ id }) => id)
  const safety: SafetyView = {
    files: files.length,
    sizeBytes: files.reduce((sum, each) => sum + each.sizeBytes, 0),
    machines: count,
    machinesOnline: online.length,
    mayFail: judgeSafety(files.map(heldFile), new Set(onlineIds)).mayFail,
    copying: files.filter((each) => each.state === 'copying').length,
    atRisk: files.filter((each) => each.state === 'at-risk').length,
    outOfReach: files.filter((each) => each.state === 'out-of-reach').length,
    checking: false,
    downloadBytesPerSecond: busy ? 84e6 : 0,
    uploadBytesPerSecond: busy ? 12e6 : 0,
  }

  return {
    ring,
    files,
    transfers: busy ? homeTransfers(now, (label) => ids[byName(label)] ?? '') : [],
    activity: name === 'empty' ? [] : homeActivity(now, ids),
    safety,
    settings: {
      ...settingsDefaults,
      machineName: machines[selfIndex]?.name ?? 'Desk',
      sharedFolder: '/home/you/Ringdrop',
      downloadsFolder: '/home/you/Downloads',
      ignorePatterns: ['*.part', '.DS_Store'],
    },
    nearby: name === 'empty' ? [{ ringId: 'other', name: 'Desk', machines: 1, files: 14 }] : [],
    removed: busy ? homeTrash(now) : [],
    where: (chosen) => where(chosen, ring, now),
  }
}

function where(file: FileView, ring: RingView, now: number): WhereView {
  const owner = ring.machines.find((machine) => machine.id === file.holders[0]?.machineId)
  const index = owner ? ring.machines.indexOf(owner) : 0
  const before = ring.machines[(index + ring.machines.length - 1) % ring.machines.length]
  const span = owner && before && owner !== before ? (owner.position - before.position + 1) % 1 : 1
  const keyPosition = ((before?.position ?? 0) + span * 0.55) % 1
  const hops =
    ring.bits <= 16
      ? ring.machines
          .slice(
            ring.machines.findIndex((m) => m.isSelf),
            index + 1,
          )
          .map((m) => m.id)
      : [ring.selfId, owner?.id ?? ring.selfId]
  return {
    name: file.name,
    key: file.sha256.slice(0, 40),
    keyPosition,
    versions: versionsOf(file, ring, now),
    route: [...new Set(hops.length > 0 ? hops : [ring.selfId])],
    lookupMs: 3.2,
  }
}

/** The second version of a conflict, and what the file was before: written by others, longer ago each time. */
function versionsOf(file: FileView, ring: RingView, now: number): VersionView[] {
  const current: VersionView = {
    version: file.sha256.slice(0, 40),
    state: 'current',
    sizeBytes: file.sizeBytes,
    sha256: file.sha256,
    storedAt: file.storedAt,
    writerId: file.writerId,
    writerName: file.writerName,
    holders: file.holders,
  }
  const written = (state: VersionView['state'], index: number, storedAt: number): VersionView => {
    const sha256 = file.sha256.slice(index) + file.sha256.slice(0, index)
    const writer = ring.machines[(index * 2) % ring.machines.length]
    const by = { writerId: writer?.id ?? '', writerName: writer?.name ?? '' }
    return {
      ...current,
      ...by,
      state,
      storedAt,
      sha256,
      version: sha256.slice(0, 40),
      sizeBytes: Math.round(file.sizeBytes * (1 - index / 20)),
    }
  }
  const conflict = file.liveVersions > 1 ? [written('conflict', 1, now - 9_000_000)] : []
  const days = earlierDays[file.name] ?? []
  return [current, ...conflict, ...days.map((day, index) => written('earlier', index + 2, now - day * 86_400_000))]
}

/** Files that were changed before, and how many days ago each time. */
const earlierDays: Readonly<Record<string, readonly number[]>> = {
  'Notes/Shopping.md': [1, 4],
  'Studio/cover v7.psd': [4, 5, 12, 30, 41],
  'Household/Insurance 2026.pdf': [200],
}

/** [name, bytes, days since it was removed, by] */
const removedFiles: readonly (readonly [string, number, number, string])[] = [
  ['Letters/Draft to the council.docx', 52e3, 0.05, 'Laptop'],
  ['Photos/Blurred 0388.jpg', 8.4e6, 1.1, 'Desk'],
  ['Photos/Blurred 0389.jpg', 8.1e6, 1.1, 'Desk'],
  ['Film/Test recording with a rather long name that says what it was for.mov', 1.9e9, 12, 'Studio'],
  ['Lab/run-2066.csv', 11.7e6, 27.5, 'Attic'],
  ['Notes/قائمة 2025.md', 2.1e3, 29.4, 'Kitchen'],
]

function homeTrash(now: number): RemovedView[] {
  return removedFiles.map(([name, sizeBytes, days, removedBy]) => ({
    name,
    sizeBytes,
    removedAt: now - days * 86_400_000,
    removedBy,
    daysLeft: 30 - Math.floor(days),
  }))
}

function homeTransfers(now: number, id: (label: string) => string): TransferView[] {
  const base = {
    waitsFor: null,
    pace: null,
    bytesPerSecond: 0,
    secondsLeft: null,
    startedAt: now - 120_000,
    endedAt: null,
    error: null,
    path: null,
  }
  const part = (label: string, bytes: number): { machineId: string; bytes: number } => ({ machineId: id(label), bytes })
  const done = (n: string, kind: TransferView['kind'], name: string, [sizeBytes, minutes]: readonly [number, number]): TransferView => ({
    ...base,
    id: n,
    kind,
    name,
    state: 'done',
    sizeBytes,
    doneBytes: sizeBytes,
    parts: [part('Laptop', sizeBytes * 0.6), part('Attic', sizeBytes * 0.4)],
    endedAt: now - minutes * 60_000,
    path: `/home/you/Downloads/${name}`,
  })
  return [
    {
      ...base,
      id: 't1',
      kind: 'request',
      name: 'Systems/debian-13.iso',
      state: 'running',
      sizeBytes: 4.4e9,
      doneBytes: 2.7e9,
      bytesPerSecond: 84e6,
      secondsLeft: 20,
      pace: { what: 'network', machineId: null },
      parts: [part('Laptop', 1.4e9), part('Studio', 0.9e9), part('Attic', 0.4e9)],
    },
    {
      ...base,
      id: 't2',
      kind: 'store',
      name: 'Photos/Lofoten raw.zip',
      state: 'running',
      sizeBytes: 18.6e9,
      doneBytes: 6.1e9,
      bytesPerSecond: 12e6,
      pace: { what: 'machine', machineId: id('Studio') },
      parts: [part('Studio', 6.1e9)],
    },
    {
      ...base,
      id: 't3',
      kind: 'store',
      name: 'Photos/2025 Lofoten/Reine 0831.jpg',
      state: 'waiting',
      waitsFor: 'turn',
      sizeBytes: 11e6,
      doneBytes: 0,
      parts: [],
    },
    {
      ...base,
      id: 't4',
      kind: 'request',
      name: 'Film/Grandfather 1962.mov',
      state: 'waiting',
      waitsFor: 'machine',
      sizeBytes: 5.2e9,
      doneBytes: 2.1e9,
      parts: [part('Kitchen', 2.1e9)],
      error: { code: 'out-of-reach', message: 'Film/Grandfather 1962.mov is out of reach until Kitchen is back', facts: {} },
    },
    {
      ...base,
      id: 't11',
      kind: 'request',
      name: 'Photos/2025 Lofoten/Hamnøy.tiff',
      state: 'paused',
      sizeBytes: 840e6,
      doneBytes: 310e6,
      parts: [part('Laptop', 200e6), part('Attic', 110e6)],
    },
    {
      ...base,
      id: 't5',
      kind: 'store',
      name: 'Notes/Åpen hylle.md',
      state: 'failed',
      sizeBytes: 6e3,
      doneBytes: 0,
      parts: [],
      endedAt: now - 240_000,
      error: {
        code: 'already-exists',
        message: 'Notes/Åpen hylle.md is in the ring already, with other content',
        facts: { name: 'Notes/Åpen hylle.md' },
      },
      path: '/home/you/Ringdrop/Notes/Åpen hylle.md',
    },
    {
      ...base,
      id: 't6',
      kind: 'request',
      name: 'Studio/cover v6.psd',
      state: 'failed',
      sizeBytes: 612e6,
      doneBytes: 3e8,
      parts: [part('Studio', 3e8)],
      endedAt: now - 500_000,
      error: { code: 'disk-full', message: 'No room for Studio/cover v6.psd in Downloads', facts: {} },
    },
    done('t7', 'request', 'Books/Walden.epub', [1.1e6, 4]),
    done('t8', 'repair', 'Letters/Landlord.docx', [48e3, 9]),
    done('t9', 'store', 'Household/Insurance 2026.pdf', [1.4e6, 16]),
    {
      ...done('t10', 'store', 'Lab/run-2067.csv', [12e6, 30]),
      state: 'partial',
      parts: [part('Laptop', 12e6)],
      error: {
        code: 'partly-stored',
        message: 'Stored 1 of 3 copies of Lab/run-2067.csv; the others are made when machines can take them',
        facts: {},
      },
    },
  ]
}

function homeActivity(now: number, ids: readonly string[]): ActivityView[] {
  const id = (index: number): string => ids[index % ids.length] ?? ''
  const short = (index: number): string => id(index).slice(0, 8)
  const kinds: readonly (readonly [ActivityView['kind'], string, string | null, number | null])[] = [
    ['ring', 'Laptop answered in 3 ms', `/response 4 9f31c2 ${short(0)} ${short(1)}`, 1],
    ['ring', 'My first successor is Laptop, my second is Attic', null, 1],
    [
      'file',
      'Stored Photos/Aurora 0412.jpg on Attic, Studio and Kitchen',
      `/store Photos%2FAurora%200412.jpg 9200000 ${short(2)} ${short(0)}`,
      2,
    ],
    ['transfer', 'Received Books/Walden.epub from Laptop and Attic', `/deliver Books%2FWalden.epub 1100000 ${short(0)} ${short(1)}`, 1],
    ['repair', 'Made a third copy of Letters/Landlord.docx on Studio', null, 3],
    ['folder', 'Notes/Åpen hylle.md changed in the shared folder', null, null],
    ['security', 'Attic proved that it belongs to this ring', null, 2],
    [
      'error',
      'Kitchen did not answer three pings in a row; it is away since 14:02 and 241 files wait for it or for new copies',
      `/suspect ${short(4)} 7 ${short(1)} ${short(0)}`,
      4,
    ],
  ]
  return Array.from({ length: 240 }, (_, index): ActivityView => {
    const [kind, text, line, machine] = kinds[(index * 5 + Math.floor(index / 3)) % kinds.length] ?? kinds[0]!
    return {
      sequence: index + 1,
      at: now - (240 - index) * 7_300,
      kind,
      text,
      line,
      machineId: machine === null ? null : id(machine),
      name: null,
    }
  })
}
