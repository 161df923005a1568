/**
 * The arrows of the house: calls go down, answers come back as return values, only news goes up.
 *
 *     renderer ─▶ shared ◀─ preload
 *     main, headless ─▶ peer ─▶ transfer, repair, folder ─▶ ring, net, disk, trust ─▶ protocol ─▶ shared
 *
 * Each rule says what to do instead. Test files may reach further (a fake, the layer above); tests/ is imported by tests only.
 */

/** Files that ship: everything in the zones but the tests beside the code. */
const zone = (folder) => ({ path: `^${folder}/`, pathNot: ['[.]test[.]ts$'] })

/** Files of a zone may import only these; `allowed` are patterns of paths. Packages and Node's modules are other rules' matter. */
const only = (name, folder, allowed, instead) => ({
  name,
  severity: 'error',
  comment: instead,
  from: zone(folder),
  to: { path: '^(shared|electron|renderer|tests|bench|scripts)/', pathNot: allowed.map((path) => `^${path}`) },
})

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    only(
      'shared-imports-nothing',
      'shared',
      ['shared/'],
      'shared/ is plain data that every side reads. Move what needs more to the side that needs it.',
    ),
    only(
      'protocol-to-shared',
      'electron/peer/protocol',
      ['electron/peer/protocol/', 'shared/'],
      'protocol/ is the bottom: messages, lines, records. Put what acts on them into ring/, net/ or transfer/.',
    ),
    only(
      'ring-to-protocol',
      'electron/peer/ring',
      ['electron/peer/ring/', 'electron/peer/protocol/', 'shared/'],
      'ring/ is pure. What it needs from the world comes through ports.ts: add a port, and let the peer hand it in.',
    ),
    only(
      'trust-to-protocol',
      'electron/peer/trust',
      ['electron/peer/trust/', 'electron/peer/protocol/', 'shared/'],
      'trust/ makes and checks keys, certificates and seals; it opens no connection. Call it from net/ or from the peer.',
    ),
    only(
      'disk-to-protocol',
      'electron/peer/disk',
      ['electron/peer/disk/', 'electron/peer/protocol/', 'shared/'],
      'disk/ keeps bytes and records and knows no ring and no connection. Pass it what it should keep.',
    ),
    only(
      'net-to-trust-and-ports',
      'electron/peer/net',
      ['electron/peer/net/', 'electron/peer/trust/', 'electron/peer/ring/ports[.]ts$', 'electron/peer/protocol/', 'shared/'],
      'net/ carries lines and bytes. Of the ring it knows only the Transport port; let the peer join the two.',
    ),
    only(
      'transfer-downwards',
      'electron/peer/transfer',
      ['electron/peer/(transfer|net|disk|ring|protocol)/', 'shared/'],
      'transfer/ moves files. What repair, the shared folder or the peer know is handed in as an argument or a callback.',
    ),
    only(
      'repair-downwards',
      'electron/peer/repair',
      ['electron/peer/(repair|transfer|net|disk|ring|protocol)/', 'shared/'],
      'repair/ plans and asks transfer/ to move. Hand it what the peer knows.',
    ),
    only(
      'folder-to-disk',
      'electron/peer/folder',
      ['electron/peer/(folder|disk|protocol)/', 'shared/'],
      'folder/ notices files and says so. Let the peer store them: it hands in a function.',
    ),
    only(
      'peer-downwards',
      'electron/peer',
      ['electron/peer/', 'shared/'],
      'The peer is the same in the desktop app and headless. Hand it in through peer-options.ts, or send news up.',
    ),
    {
      name: 'facade-is-the-top',
      severity: 'error',
      comment: "A layer below imports the peer's own files. Turn the call round: return the answer, or send news through a callback.",
      from: { path: '^electron/peer/[^/]+/', pathNot: ['[.]test[.]ts$'] },
      to: { path: '^electron/peer/[^/]+[.]ts$' },
    },
    only(
      'preload-to-shared',
      'electron/preload',
      ['electron/preload/', 'shared/'],
      'The preload is the contract made into window.api. Do the work in main, behind a command of the contract.',
    ),
    only(
      'renderer-to-shared',
      'renderer',
      ['renderer/', 'shared/'],
      'The window knows the contract and the views only. Ask the peer through api.ts; add a command to shared/contract.ts if there is none.',
    ),
    only(
      'headless-to-peer',
      'electron/headless',
      ['electron/headless/', 'electron/peer/', 'shared/'],
      'The command line runs without Electron. Move what both need into the peer.',
    ),
    {
      ...only(
        'main-to-peer',
        'electron/main',
        ['electron/main/', 'electron/peer/', 'shared/', 'electron/headless/(control-socket|data-folder)[.]ts$'],
        'The desktop app makes the peer and shows it. Of the command line it takes only the control socket and the place of the data, so that both find the same peer.',
      ),
    },
    {
      name: 'peer-without-electron',
      severity: 'error',
      comment: 'The same peer runs under Node. Only electron/main and electron/preload know Electron: pass in what the peer needs of it.',
      from: { path: '^(shared|electron|renderer|tests|bench|scripts)/', pathNot: ['^electron/(main|preload)/', '^tests/shell/'] },
      to: { path: '(^|/)node_modules/electron/|^electron$' },
    },
    {
      name: 'tests-are-imported-by-nobody',
      severity: 'error',
      comment: 'What ships never imports a test or a fake. Move the file into the zone that uses it.',
      from: { path: '^(shared|electron|renderer)/', pathNot: ['[.]test[.]ts$'] },
      to: { path: '^(tests|bench)/|[.]test[.]ts$' },
    },
    {
      name: 'pure-without-node',
      severity: 'error',
      comment:
        'Here there is no Node: the window runs in a browser, the protocol and the ring in a simulator. Take what is needed through a port, or from shared/.',
      from: {
        path: '^(shared|renderer/src|electron/peer/(protocol|ring))/',
        pathNot: ['[.]test[.]ts$'],
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-without-packages',
      severity: 'error',
      comment:
        'shared/, protocol/ and ring/ have no dependencies at all: they decide what is right, and must be readable to the last line.',
      from: { path: '^(shared|electron/peer/(protocol|ring))/', pathNot: ['[.]test[.]ts$'] },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'declared-packages',
      severity: 'error',
      comment:
        'The package is not in package.json. Add it there, exactly pinned; what ships needs it under dependencies, unless it is bundled.',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'shipped-packages',
      severity: 'error',
      comment: 'The desktop app and the command line find their packages at run time: move this one from devDependencies to dependencies.',
      from: { path: '^electron/', pathNot: ['[.]test[.]ts$'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: ['node_modules/electron/'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that need each other are one file, or need a third below both.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'Nobody imports this file and it imports nobody: delete it, or connect it.',
      from: { orphan: true, pathNot: ['[.]d[.]m?ts$', '[.]config[.]ts$', '^tests/shell/(fake|standin)/', '^tests/window/'] },
      to: {},
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'The import leads nowhere: correct the path.',
      from: {},
      to: { couldNotResolve: true, pathNot: ['^virtual:', '^~icons/', '^electron$'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(out|dist|[.]tmp)/' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.d.ts', '.vue', '.json'],
    },
  },
}
