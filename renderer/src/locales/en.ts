/**
 * All words of the window in one place. Plain typed functions: a missing word does not compile, plurals are code, and nothing
 * is evaluated at run time (the page's policy forbids it). Another language is another object of the same type.
 */

import type { ActivityView, FileView, PaceView, SafetyView, TransferView } from '../../../shared/views.ts'
import { formatCount, formatSize } from '../../../shared/units.ts'

const many = (count: number, one: string, more: string): string => `${formatCount(count)} ${count === 1 ? one : more}`
const files = (count: number): string => many(count, 'file', 'files')
const machines = (count: number): string => many(count, 'machine', 'machines')
const copies = (count: number): string => many(count, 'copy', 'copies')

const errorHints: Partial<Record<string, string>> = {
  'already-exists': 'Both can be kept, or the new one can take its place.',
  'changed-while-reading': 'Try again when nothing writes to it.',
  'disk-full': 'Free some space here or offer more on another machine. It goes on by itself when there is room.',
  'invite-expired': 'Ask for a new link.',
  'invite-invalid': 'Copy the whole link, from ringdrop:// to its end.',
  'out-of-reach': 'Nothing is lost. It works again when a machine that has it is back.',
  'partly-stored': 'The missing copies are made as soon as another machine can take them.',
  'peer-unreachable': 'Check that the other machine is on and in the same network.',
}

export const words = {
  app: 'Ringdrop',
  count: { files, machines, copies },
  views: { files: 'Files', ring: 'Ring', transfers: 'Transfers', activity: 'Activity', settings: 'Settings' },
  nav: { label: 'Views', needs: (count: number) => `${count} need you` },
  skip: 'Skip to content',

  search: {
    label: 'Search, or name a file to request it',
    short: 'Search or request',
    clear: 'Clear search',
    options: 'Files that can be requested',
    heading: 'Enter requests it to this computer',
    askRing: (name: string) => `Request “${name}” from the ring`,
    askRingHint: 'no file here is called exactly that',
  },
  actions: {
    add: 'Add files',
    invite: 'Invite',
    join: 'Join a ring',
    joinShort: 'Join',
    cancel: 'Cancel',
    close: 'Close',
    copy: 'Copy',
    copied: 'Copied',
    copyDetails: 'Copy details',
    dismiss: 'Dismiss',
    retry: 'Try again',
    pause: 'Pause',
    resume: 'Resume',
    tryNow: 'Try now',
    replace: 'Replace',
    keepBoth: 'Keep both',
    undo: 'Undo',
    showTransfers: 'Show transfers',
    showInFolder: 'Show in folder',
    request: 'Request to this computer',
    requestTo: (machine: string) => `Request to ${machine}`,
    requestCount: (count: number) => `Request ${files(count)}`,
    download: 'Download',
    saveAs: 'Save as…',
    remove: 'Remove',
    verify: 'Check this copy now',
  },

  connection: {
    lost: 'Connection lost. Trying again…',
    lostLong: 'Connection lost. If Ringdrop was started again, open its window anew: the old one cannot reach it.',
    opening: 'Opening the ring…',
    failed: 'The window cannot reach Ringdrop on this machine.',
  },

  footer: {
    none: 'No files yet.',
    safe: (count: number) => (count === 1 ? 'Your file is safe.' : `All ${formatCount(count)} files are safe.`),
    checking: (count: number) => `Checking ${files(count)}.`,
    outOfReach: (count: number) => `${files(count)} out of reach.`,
    atRisk: (count: number) => `${files(count)} with only one copy.`,
    copying: (count: number) => `${files(count)} being copied.`,
    onlyHere: (count: number) => `${files(count)} on this computer only.`,
    alone: 'Invite a second machine to keep copies there.',
    mayFail: (safety: SafetyView) => `Any ${formatCount(safety.mayFail)} of ${machines(safety.machines)} can fail.`,
    mayNotFail: 'No machine can be spared yet.',
    oneCopy: 'One copy of each, so no machine can be spared.',
    away: (count: number) => `${machines(count)} away.`,
    down: 'Receiving',
    up: 'Sending',
    label: 'Safety of your files',
  },

  files: {
    summary: (count: number, sizeBytes: number, on: number) => `${files(count)} · ${formatSize(sizeBytes)} · on ${machines(on)}`,
    found: (count: number, all: number) => `${formatCount(count)} of ${files(all)}`,
    selected: (count: number) => `${files(count)} selected`,
    list: 'Files in the ring',
    columns: { name: 'Name', size: 'Size', changed: 'Changed', copies: 'Copies', state: 'State' },
    emptyTitle: 'Drop files here',
    empty: 'Drop files here. They are kept on this computer until a second machine joins.',
    emptyRest: 'They are kept on this computer until a second machine joins.',
    emptyMany: (count: number) => `Each is kept on ${machines(count)} of the ring.`,
    noMatch: (query: string) => `No file here matches “${query}”.`,
    noMatchState: 'No file is in this state.',
    reading: 'Still reading the list…',
    showAll: 'Show all files',
    filterLabel: 'Show',
    filters: {
      all: 'All',
      'at-risk': 'At risk',
      'out-of-reach': 'Out of reach',
      copying: 'Copying',
      conflict: 'Several versions',
      away: 'Not on this computer',
      trash: 'Trash',
    },
    drop: 'Drop to keep these files in the ring',
    dropHint: (wanted: number, on: number) =>
      on > 1 ? `${copies(Math.min(wanted, on))} will be made` : 'Kept on this computer until a second machine joins',
    conflict: (count: number) => `${count} versions`,
    copiesOn: (names: readonly string[], missing: number) =>
      `${names.length === 0 ? 'No copy yet' : `Copies on ${names.join(', ')}`}${missing > 0 ? `, ${missing} more wanted` : ''}`,
    state(file: FileView, holderNames: readonly string[]): string {
      switch (file.state) {
        case 'safe':
          return `Safe · ${copies(file.holders.length)}`
        case 'copying':
          return `Copying · ${file.holders.filter((holder) => holder.online).length} of ${file.copiesWanted}`
        case 'at-risk':
          return `At risk · only on ${holderNames[0] ?? 'one machine'}`
        case 'out-of-reach':
          return `Out of reach until ${holderNames.join(' or ') || 'its machine'} is back`
        case 'checking':
          return 'Checking'
      }
    },
  },

  details: {
    label: 'Details of the file',
    stored: (size: string, writer: string, when: string) => `${size} · stored by ${writer} ${when}`,
    where: 'Where it lies',
    verified: (ago: string) => `verified ${ago}`,
    neverVerified: 'not verified yet',
    wanted: (count: number) => `${formatCount(count)} more ${count === 1 ? 'copy' : 'copies'} wanted`,
    route: 'Last look-up',
    looking: 'Looking it up…',
    messages: (count: number, ms: string) => `${many(count, 'message', 'messages')} · ${ms}`,
    answeredHere: 'answered here',
    sha: 'SHA-256',
    copySha: 'Copy SHA-256',
    key: 'Key',
    command: 'The command behind it',
    copyCommand: 'Copy command',
    removeTitle: (count: number, name: string) =>
      count === 1 ? `Remove “${name}” from the ring?` : `Remove ${files(count)} from the ring?`,
    removeText: 'It leaves the list on every machine and stays in the trash for 30 days. Files in your own folders are not touched.',
    removed: (count: number, name: string) => (count === 1 ? `Removed ${name}.` : `Removed ${files(count)}.`),
    restored: (count: number, name: string) => (count === 1 ? `${name} is back.` : `${files(count)} are back.`),
    verifiedNow: (name: string) => `The copy of ${name} here is good.`,
    showInRing: 'Show in the ring',
  },

  versions: {
    conflictTitle: (count: number) => `${count === 2 ? 'Two' : formatCount(count)} versions of this file`,
    conflict: (count: number) =>
      `It was changed in more than one place at the same time. ${count === 2 ? 'Both' : 'All'} are kept until you choose.`,
    by: (writer: string, when: string) => `by ${writer}, ${when}`,
    shownNow: 'shown now',
    on: (size: string, names: readonly string[]) => `${size} · ${names.length === 0 ? 'no copy within reach' : `on ${names.join(', ')}`}`,
    use: 'Use this one',
    keepBoth: 'Keep both',
    keepBothHint: 'Gives this version a name of its own',
    saveCopy: 'Save a copy',
    restore: 'Restore this one',
    earlier: 'Earlier versions',
    used: (name: string) => `${name} has one version again. The others are among its earlier versions.`,
    keptBoth: (name: string, other: string) => `${name} is kept, and the other version is now ${other}.`,
    restored: (name: string, when: string) => `${name} is as it was ${when}.`,
    copyRequested: (name: string) => `Fetching a copy of ${name}.`,
  },

  trash: {
    summary: (count: number) => `${files(count)} in the trash · each stays for 30 days`,
    list: 'Files in the trash',
    removedBy: (machine: string, when: string) => `removed by ${machine} ${when}`,
    daysLeft: (count: number) => (count <= 1 ? 'last day' : `${formatCount(count)} days left`),
    putBack: 'Put back',
    putBackNamed: (name: string) => `Put back ${name}`,
    putBackCount: (count: number) => `Put back ${files(count)}`,
    empty: 'The trash is empty.',
    noMatch: (query: string) => `Nothing in the trash matches “${query}”.`,
  },

  ring: {
    summary: (name: string, count: number) => `“${name}” · ${machines(count)}`,
    picture: (name: string, count: number) =>
      `Picture of the ring ${name} with ${machines(count)}; the tables beside it say the same in words`,
    thisComputer: 'this computer',
    online: 'Online',
    onlineTrip: (trip: string) => `online · ${trip}`,
    suspect: 'Not answering',
    away: (since: string | null) => (since === null ? 'Away' : `Away since ${since}`),
    leaving: (left: number | null) => (left === null ? 'Leaving' : `Leaving, ${files(left)} to hand over`),
    centreAny: (mayFail: number, count: number) => `Any ${mayFail} of ${count}`,
    centreAnyText: 'can fail and nothing is lost',
    centreAlone: 'A ring of one',
    centreAloneText: 'Invite a second machine and copies are made there',
    centreNone: 'None can be spared',
    centreNoneText: 'until the missing copies are made',
    centreOneCopy: 'One copy of each',
    centreOneCopyText: 'so no machine can be spared',
    centreEmpty: (count: number) => machines(count),
    centreEmptyText: 'no files yet',
    fileLabel: 'Show a file in the ring',
    filePlaceholder: 'Show a file…',
    fileClear: 'Show no file',
    neighbours: 'Neighbours',
    neighboursOf: (name: string) => `of ${name}, this computer`,
    noNeighbours: 'No other machine yet. Invite one, or join a ring.',
    columns: { role: 'Role', machine: 'Machine', id: 'Id', trip: 'Trip', heard: 'Heard', state: 'State' },
    role(offset: number): string {
      if (offset === 1) return 'next'
      if (offset === -1) return 'before'
      const place = Math.abs(offset)
      const ending = place === 2 ? 'nd' : place === 3 ? 'rd' : 'th'
      return `${place}${ending} ${offset > 0 ? 'next' : 'before'}`
    },
    otherMachines: 'Other machines',
    whatIf: 'What if these fail?',
    whatIfHint: 'Tick machines to see what would happen.',
    whatIfNothing: 'Nothing is lost. Every file has a copy on another machine.',
    whatIfOne: (count: number) => `${files(count)} would be left with one copy.`,
    whatIfOut: (count: number, names: readonly string[]) => `${files(count)} would be out of reach until ${names.join(' or ')} is back.`,
    whatIfMore: (count: number) => `and ${formatCount(count)} more`,
    key: (key: string) => `key ${key}`,
    now: 'Now',
  },

  transfers: {
    summary: ({ running, waiting, paused }: { readonly running: number; readonly waiting: number; readonly paused: number }) =>
      [running > 0 ? `${running} now` : '', waiting > 0 ? `${waiting} waiting` : '', paused > 0 ? `${paused} paused` : '']
        .filter(Boolean)
        .join(' · ') || 'Nothing is moving',
    sections: { now: 'Now', waiting: 'Waiting', paused: 'Paused', finished: 'Finished' },
    list: 'Transfers',
    more: (count: number) => `Show ${formatCount(count)} more`,
    empty: 'Nothing has moved yet',
    emptyText: 'Files on their way to and from other machines appear here, each with the machines that give and take.',
    clear: 'Clear finished',
    retryAll: 'Try all again',
    pauseAll: 'Pause all',
    resumeAll: 'Resume all',
    cancel: (name: string) => `Cancel ${name}`,
    pause: (name: string) => `Pause ${name}`,
    resume: (name: string) => `Resume ${name}`,
    retry: (name: string) => `Try ${name} again`,
    tryNow: (name: string) => `Try ${name} now`,
    goesOn: 'It goes on by itself.',
    bar: (name: string) => `Progress of ${name}`,
    left: (time: string) => `${time} left`,
    of: (done: string, all: string) => `${done} of ${all}`,
    kind: (kind: TransferView['kind']) => ({ store: 'Store', request: 'Request', repair: 'Repair', 'hand-over': 'Hand-over' })[kind],
    state(transfer: TransferView): string {
      switch (transfer.state) {
        case 'waiting':
          return transfer.waitsFor === 'machine' ? 'Waiting for a machine' : 'Waiting its turn'
        case 'running':
          return 'Now'
        case 'paused':
          return 'Paused'
        case 'done':
          return transfer.kind === 'request'
            ? 'Received'
            : transfer.kind === 'store'
              ? 'Stored'
              : transfer.kind === 'repair'
                ? 'Repaired'
                : 'Handed over'
        case 'partial':
          return transfer.kind === 'request' ? 'Partly received' : 'Partly stored'
        case 'failed':
          return 'Failed'
        case 'cancelled':
          return 'Cancelled'
      }
    },
    pace: (what: PaceView['what'], machine: string) =>
      ({
        here: 'This computer’s disk sets the pace',
        machine: `${machine}, or the way to it, sets the pace`,
        network: 'The network sets the pace',
        'own-limit': 'Your bandwidth limit sets the pace',
      })[what],
    from: (names: readonly string[]) => `from ${names.join(', ')}`,
    to: (names: readonly string[]) => `to ${names.join(', ')}`,
    uploading: (done: number, all: number) => `Uploading ${formatCount(done)} of ${formatCount(all)}`,
  },

  activity: {
    summary: (count: number) => many(count, 'message', 'messages'),
    search: 'Filter messages',
    all: 'All',
    kind: (kind: ActivityView['kind']) =>
      ({ ring: 'Ring', file: 'Files', transfer: 'Transfers', repair: 'Repair', folder: 'Folder', security: 'Security', error: 'Errors' })[
        kind
      ],
    filter: 'Kinds of message',
    raw: 'Raw lines',
    feed: 'What the ring says',
    empty: 'The ring has said nothing yet.',
    noMatch: 'No message matches.',
    newest: 'Newest',
  },

  settings: {
    summary: (version: string) => `Ringdrop ${version} · changes are kept at once`,
    saved: 'Saved',
    machine: 'This machine',
    machineName: 'Name',
    machineNameHint: 'How the other machines see it.',
    machineNameError: 'A name has 1 to 64 characters.',
    folders: 'Folders',
    sharedFolder: 'Shared folder',
    sharedFolderHint: 'What you put in is kept in the ring. Deleting there does not delete it from the ring.',
    downloadsFolder: 'Requested files go to',
    downloadsError: 'A folder is needed for requested files.',
    choose: 'Choose…',
    ignore: 'Ignore in the shared folder',
    ignoreHint: 'One pattern a line; * and ? stand for anything.',
    ignoreError: 'At most 100 patterns of at most 100 characters.',
    keeping: 'Keeping copies',
    offered: 'Space offered to the ring',
    offeredHalf: 'Half of what is free',
    offeredFixed: 'A fixed amount',
    offeredUnit: 'GB',
    offeredError: 'A whole number of GB, 0 or more.',
    repairDelay: 'Copy again after a machine is away for',
    repairDelayHint: 'Most machines come back. A file with one copy left is copied at once.',
    repairDelayUnit: 'minutes',
    repairDelayError: 'Between 0 and 1 440 minutes.',
    bandwidth: 'Bandwidth',
    uploadLimit: 'Send at most',
    downloadLimit: 'Receive at most',
    limitHint: 'All transfers together. Empty: as fast as it goes.',
    limitUnit: 'MB/s',
    limitError: 'A number from 0.05 up, or nothing.',
    background: 'Left to copies that the ring makes by itself',
    backgroundHint: 'Of the bandwidth. What you ask for goes first.',
    backgroundUnit: '%',
    backgroundError: 'A whole number from 1 to 100.',
    window: 'Window',
    theme: 'Appearance',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    notifications: 'Notify me when a file arrives or needs me',
    startAtLogin: 'Start Ringdrop when I log in',
    discovery: 'Find rings nearby, and let others find this one',
    ring: 'Ring',
    ringName: 'Name',
    ringCopies: 'Copies of each file',
    ringId: 'Ring id',
    ringMachineId: 'Id of this machine',
    leave: 'Leave and quit',
    leaveHint: 'Hands this machine’s copies over to the others first. Then it is safe to turn off.',
    leaveTitle: 'Leave the ring and quit?',
    leaveText: 'The copies on this machine are handed over to the other machines. Ringdrop quits when that is done.',
    leaveAlone: 'No other machine is there to take the files. They stay on this computer, but nobody can reach them.',
  },

  leaving: {
    left: (left: number, total: number) => `Leaving: ${formatCount(left)} of ${files(total)} to hand over`,
    done: (left: number) =>
      left === 0
        ? 'All files are handed over. This machine is safe to turn off.'
        : `No machine took ${files(left)}: out of reach until this machine is back, if they are nowhere else.`,
  },

  invite: {
    title: 'Invite a machine',
    text: 'Open this link on the other machine, or scan the code.',
    making: 'Making a link…',
    link: 'Link',
    copyLink: 'Copy link',
    command: 'Or run there',
    copyCommand: 'Copy command',
    code: 'QR code of the link',
    expires: (left: string) => `Good for ${left}, for one machine.`,
    expired: 'This link has expired.',
    renew: 'Make a new link',
  },

  join: {
    title: 'Join a ring',
    text: 'Paste the link that Invite shows on a machine of that ring.',
    link: 'Invite link',
    linkPlaceholder: 'ringdrop://…',
    linkError: 'Paste an invite link first.',
    bringQuestion: (count: number) => `This machine has ${files(count)} in its own ring`,
    bring: (count: number) => `Join and bring ${count === 1 ? 'its file' : `its ${files(count)}`} along`,
    without: 'Join without them',
    join: 'Join',
    joining: 'Joining…',
    joined: 'Joined. Copying starts at once.',
    nearby: (name: string, count: number, fileCount: number) => `Found a ring nearby: “${name}” (${machines(count)}, ${files(fileCount)}).`,
    nearbyHint: 'Choose Invite there to get a link.',
  },

  notices: {
    label: 'Notices',
    queued: (count: number) => (count === 1 ? 'Storing 1 file.' : `Storing ${files(count)}.`),
    requested: (count: number, name: string) => (count === 1 ? `Requested ${name}.` : `Requested ${files(count)}.`),
    clash: (name: string) => `${name} is in the ring already, with other content.`,
    clashMany: (count: number) => `${files(count)} are in the ring already, with other content.`,
    hint: (code: string): string | null => errorHints[code] ?? null,
  },

  time: {
    today: 'today',
    todayAt: (clock: string) => `today at ${clock}`,
    on: (day: string) => `on ${day}`,
    yesterday: 'yesterday',
    justNow: 'just now',
    ago: (span: string) => `${span} ago`,
    never: 'never',
  },
} as const
