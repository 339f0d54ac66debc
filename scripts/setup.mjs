// Everything between a fresh clone and a working tree, in one idempotent call: tools, packages,
// LibTorch, the addon, TypeScript. Built-ins of Node only: it runs before anything is installed.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readFlags } from './flags.mjs'
import { buildAddon } from './setup/addon.mjs'
import { findLibTorch } from './setup/libtorch.mjs'
import { withLock } from './setup/lock.mjs'
import { installPackages } from './setup/packages.mjs'
import { runLogged } from './setup/run.mjs'
import { checkTools } from './setup/tools.mjs'
import { compileTypeScript } from './setup/typescript.mjs'

/** @import { Context, Done } from './setup/context.mjs' */

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const help = `Usage: npm run setup -- [--quiet] [--help]

Installs the npm packages, finds or installs LibTorch, builds the addon and compiles the
TypeScript. What is already done is not done again.

  --quiet   print nothing unless a step fails
  --help    print this

LIBTORCH=DIR             build against the LibTorch in DIR
LIBTORCH_USE_PYTORCH=1   build against the PyTorch of \`python3\`
`

/** @type {readonly { name: string, run: (context: Context) => Done }[]} */
export const steps = [
  { name: 'tools', run: checkTools },
  { name: 'packages', run: installPackages },
  { name: 'libtorch', run: findLibTorch },
  { name: 'addon', run: buildAddon },
  { name: 'typescript', run: compileTypeScript },
]

/**
 * Sets the working tree up; prints a line a step.
 *
 * @param {{ quiet?: boolean }} [options]
 * @returns {Promise<number>} the exit code: 0, or what the failed step asks for
 */
export async function setup({ quiet = false } = {}) {
  const log = join(root, 'build/setup.log')
  /** @param {string} text */
  const say = text => {
    if (!quiet) console.log(text)
  }
  try {
    mkdirSync(dirname(log), { recursive: true })
    return await withLock(
      join(root, 'build/setup.lock'),
      async () => {
        writeFileSync(log, '')
        /** @type {Context} */
        const context = {
          root,
          log,
          env: process.env,
          run: (command, args, options) => runLogged(log, command, args, options),
          say: text => say(`             ${text}`),
        }
        return runSteps(steps, context, say)
      },
      say,
    )
  } catch (error) {
    return reportFailure('start', error, log)
  }
}

/**
 * Runs the steps in order until one fails.
 *
 * @param {typeof steps} list @param {Context} context @param {(text: string) => void} say
 * @returns {number} the exit code
 */
export function runSteps(list, context, say) {
  const start = performance.now()
  for (const { name, run } of list) {
    const stepStart = performance.now()
    try {
      const { changed, detail } = run(context)
      const text = [changed ? '' : 'up to date', detail].filter(Boolean).join(': ')
      say(`${name.padEnd(12)} ${text}  ${seconds(stepStart)}`)
    } catch (error) {
      return reportFailure(name, error, context.log)
    }
  }
  say(`set up in ${seconds(start)}`)
  return 0
}

/** @param {number} since */
function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}

/** @param {string} step @param {unknown} error @param {string} log */
function reportFailure(step, error, log) {
  const { message, exitCode, stack } = /** @type {Error & { exitCode?: number }} */ (error)
  const unwritable = explainUnwritable(/** @type {NodeJS.ErrnoException} */ (error))
  // An error that no step foresaw: its stack is the evidence.
  const text = unwritable ?? (exitCode ? message : stack)
  console.error(`set-up failed at the step \`${step}\`: ${text}`)
  if (!unwritable) console.error(`The full log is in ${log}`)
  return exitCode ?? (unwritable ? 2 : 1)
}

const unwritableCodes = ['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT']

/** @param {NodeJS.ErrnoException} error */
function explainUnwritable({ code, path, message }) {
  if (!code || !unwritableCodes.includes(code)) return undefined
  return `Expected to write ${path ?? 'a file'} but could not (${message.split(',')[0]}).
Make the folder writable, or free space on its disk, then run it again.`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await setup(readFlags(help, { quiet: false }))
}
