// @ts-check
/** `npm test`: the tests of real processes run what is built, so it is built anew, then everything is tested. Arguments go to vitest. */

import { spawnSync } from 'node:child_process'

/** @type {(command: string, args: string[]) => number} */
const run = (command, args) => spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1
const built = run('npm', ['run', '--silent', 'build'])
process.exit(built === 0 ? run('npx', ['vitest', 'run', ...process.argv.slice(2)]) : built)
