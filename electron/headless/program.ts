/** The command line's grammar: what may be typed, nothing about what it does. Commands load what they need when they run. */

import { resolve } from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { AppError, toPlainError } from '../../shared/errors.ts'
import { appVersion, defaultDataFolder } from './data-folder.ts'
import { exitCodes, parseRate, parseWhole, type ExitCode } from './exit-codes.ts'
import { sayError, type CommonOptions, type Io } from './io.ts'

type Run = (common: CommonOptions, options: Record<string, unknown>, args: (string | string[] | undefined)[]) => Promise<ExitCode>

interface Flags {
  readonly data?: string
  readonly json?: boolean
}

/** Parses and runs one command line (without node and script). Never rejects; the exit code says how it ended. */
export async function runCli(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done
  const program = createProgram(io, (ended) => (code = ended))
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.done : exitCodes.usage
    return sayError(io, toPlainError(thrown))
  }
}

function createProgram(io: Io, ended: (code: ExitCode) => void): Command {
  const program = new Command('ringdrop')
  program
    .description('Turns the machines you already own into one ring that keeps your files')
    .version(appVersion())
    .exitOverride()
    // what stands after a command is the command's own: `restore --version` is not the program's
    .enablePositionalOptions()
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => {
        write(
          `ringdrop: ${text
            .replace(/^error: /, '')
            .trim()
            .replaceAll('\n', ' ')}; see: ringdrop --help\n`,
        )
      },
    })
  shared(program)

  /** One command: its action is given what all commands share, its own options and its arguments. */
  const commandsOf =
    (parent: Command): AddCommand =>
    (usage, description, run) => {
      const made = shared(parent.command(usage).description(description))
      return made.action(async (...given: unknown[]) => {
        const self = given.pop() as Command
        const flags = self.optsWithGlobals<Flags>()
        const common: CommonOptions = { dataFolder: resolve(io.cwd, flags.data ?? defaultDataFolder()), json: flags.json === true }
        ended(await run(common, self.opts(), given.slice(0, -1) as (string | string[] | undefined)[]))
      })
    }
  const command = commandsOf(program)
  addFileCommands(io, command)
  addLookCommands(io, command)
  addTransferCommands(io, command)
  addRingCommands(io, command)
  addRunningCommands(io, command)
  const classroom = program.command('classroom').description('a peer of the textbook ring: ids 0..255 on this machine').exitOverride()
  addClassroomCommands(io, commandsOf(classroom))
  return program
}

type AddCommand = (usage: string, description: string, run: Run) => Command

/** `--data` and `--json` may stand before or after the command's name. */
function shared(command: Command): Command {
  return command
    .option('--data <dir>', "data folder of the peer (default: the platform's data folder)", nonEmpty)
    .option('--json', 'one JSON object a line')
}

function nonEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.')
  return text
}

const one = (args: readonly (string | string[] | undefined)[]): string => {
  const [first] = args
  if (typeof first !== 'string') throw new AppError('internal', 'The command line lost an argument')
  return first
}
const many = (args: readonly (string | string[] | undefined)[]): string[] => {
  const [first] = args
  if (!Array.isArray(first)) throw new AppError('internal', 'The command line lost its arguments')
  return first
}

function addFileCommands(io: Io, command: AddCommand): void {
  command('store <path...>', 'store files and folders in the ring', async (common, options, args) => {
    return (await import('./commands/store.ts')).store(io, common, { ...options, paths: many(args) })
  })
    .option('--as <name>', 'name in the ring', nonEmpty)
    .option('--replace', 'replace the content that the name has now')
  command('request <name...>', 'fetch files from the ring', async (common, options, args) => {
    return (await import('./commands/request.ts')).request(io, common, { ...options, names: many(args) })
  }).option('--out <path>', 'file or folder to write to; - for standard output (default: the current folder)', nonEmpty)
  command('remove <name>', 'remove a file; it can be restored for 30 days', async (common, _options, args) => {
    return (await import('./commands/change.ts')).remove(io, common, one(args))
  })
  command('restore <name>', 'take a removed file, or an earlier version, back', async (common, options, args) => {
    return (await import('./commands/change.ts')).restore(io, common, { ...options, name: one(args) })
  })
    .option('--version <id>', 'this one of its versions; the beginning of its id is enough', nonEmpty)
    .option('--keep-both', 'give that version a name of its own beside the file')
}

function addLookCommands(io: Io, command: AddCommand): void {
  const show = (): Promise<typeof import('./commands/show.ts')> => import('./commands/show.ts')
  command('list', 'the files of the ring', async (common, options) => (await show()).list(io, common, options))
    .option('--here', 'only those with a copy on this machine')
    .option('--mine', 'only those stored from this machine')
    .option('--trash', 'those that were removed and can be taken back')
  command('where <name>', 'which machines hold a file', async (common, _options, args) => (await show()).where(io, common, one(args)))
  command('versions <name>', 'the versions of a file', async (common, _options, args) => (await show()).versions(io, common, one(args)))
  command('status', 'this machine and its ring', async (common) => (await show()).status(io, common))
  command('peers', 'the machines of the ring', async (common) => (await show()).peers(io, common))
  command('log', "the ring's messages and events", async (common, options) => (await show()).log(io, common, options))
    .option('--follow', 'go on with new ones')
    .option('--raw', 'the protocol lines as they travelled')
  command('whatif <machine...>', 'what would be lost without these machines', async (common, _options, args) =>
    (await show()).whatif(io, common, many(args)),
  )
  command('verify [name]', 'check the copies on this machine against their hashes', async (common, _options, args) => {
    return (await show()).verify(io, common, args[0] === undefined ? undefined : one(args))
  })
}

function addTransferCommands(io: Io, command: AddCommand): void {
  const load = (): Promise<typeof import('./commands/transfers.ts')> => import('./commands/transfers.ts')
  command('transfers', 'what is being moved', async (common) => (await load()).transfers(io, common))
  for (const [what, usage, description] of [
    ['pause', 'pause [name...]', 'hold transfers by name or id (default: all); what arrived stays'],
    ['resume', 'resume [name...]', 'let paused transfers go on (default: all)'],
    ['cancel', 'cancel <name...>', 'give transfers up'],
    ['retry', 'retry [name...]', 'try transfers again (default: all that failed)'],
  ] as const) {
    command(usage, description, async (common, _options, args) => (await load()).hold(io, common, { what, names: many(args) }))
  }
  command('limits', 'show or set what transfers may use of the bandwidth', async (common, options) =>
    (await load()).limits(io, common, options),
  )
    .option('--up <rate>', 'bytes a second that are sent at most, as 500k, 2M or none', parseRate)
    .option('--down <rate>', 'bytes a second that are received at most', parseRate)
    .option('--background <percent>', 'share of copies that the ring makes by itself (default: 50)', (text) => parseWhole(text, 1, 100))
}

function addRingCommands(io: Io, command: AddCommand): void {
  command('invite', 'a link that lets one more machine in', async (common) => (await import('./commands/change.ts')).invite(io, common))
  command('join <link>', "join another ring by its invite's link", async (common, options, args) => {
    return (await import('./commands/change.ts')).join(io, common, { ...options, link: one(args) })
  }).option('--no-files', "do not bring this machine's files along")
  command('leave', 'hand over, tell the neighbours and stop the peer', async (common, options) => {
    return (await import('./commands/change.ts')).leave(io, common, options)
  }).option('--forget', 'leave for good: the next start founds a new ring')
}

function addRunningCommands(io: Io, command: AddCommand): void {
  command('serve', 'run a peer in the foreground', async (common, options) =>
    (await import('./commands/serve.ts')).serve(io, common, options),
  )
    .option('--name <name>', 'name of this machine', nonEmpty)
    .option('--host <addr>', 'address to listen on (default: all)', nonEmpty)
    .option('--port <n>', 'port to listen on; 0 = any free', (text) => parseWhole(text, 0, 65_535))
    .option('--announce <ways>', 'addr:port[,addr:port] told to the others, behind a forwarded port (default: all own addresses)', nonEmpty)
    .option('--web <addr:port>', 'where the window is served (default: 127.0.0.1, any free port)', nonEmpty)
    .option('--no-web', 'no window')
    .option('--share <dir>', 'watched shared folder', nonEmpty)
    .option('--no-share', 'no shared folder')
    .option('--downloads <dir>', 'folder of requested files', nonEmpty)
    .option('--copies <k>', 'copies of each file, when this founds a ring', (text) => parseWhole(text, 1, 8))
    .option('--repair-delay <seconds>', 'wait before missing copies are made again', (text) => parseWhole(text, 0, 86_400))
    .option('--no-discovery', 'neither announce the ring nearby nor look for others')
    .option('--join <link>', 'join by an invite', nonEmpty)

  command('demo [n]', 'a ring of n machines on this one, the window on the first (default: 5)', async (common, options, args) => {
    return (await import('./commands/demo.ts')).demo(io, common, { ...options, count: args[0] === undefined ? '5' : one(args) })
  }).option('--no-open', 'do not open a browser')
}

function addClassroomCommands(io: Io, command: AddCommand): void {
  const classroomCommand: AddCommand = (usage, description, run) =>
    command(usage, description, run)
      .option('--dir <dir>', 'folder where files are looked for and received (default: the current folder)', nonEmpty)
      .option('--web <addr:port>', 'serve the window there', nonEmpty)
  classroomCommand(
    'init <peer> <first-successor> <second-successor> <ping-interval>',
    'start with both successors given',
    async (_common, options, args) => {
      return (await import('./commands/classroom.ts')).classroom(io, { ...options, init: args as string[] })
    },
  )
  classroomCommand('join <peer> <known-peer> <ping-interval>', 'join through a known peer', async (_common, options, args) => {
    return (await import('./commands/classroom.ts')).classroom(io, { ...options, join: args as string[] })
  })
}
