// Step 5: TypeScript, compiled by `tsc -b`. Starting tsc to hear that nothing changed costs
// seconds, so it is not started when neither sources nor outputs did.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SetupError } from './error.mjs'
import { fingerprint, listFiles, readIfThere, writeWhole } from './files.mjs'

/** @import { Context, Done } from './context.mjs' */

/** @param {Context} context @returns {Done} */
export function compileTypeScript({ root, run }) {
  const stamp = join(root, 'build/typescript.stamp')
  const { inputs, outputs } = filesOf(root)
  const wanted = fingerprint(inputs)
  if (readIfThere(stamp) === wanted && outputs.every(existsSync)) return { changed: false }
  rmSync(stamp, { force: true })
  runTsc(root, run, [])
  // tsc trusts its own record of what it wrote, and so misses outputs that were deleted since.
  if (!outputs.every(existsSync)) runTsc(root, run, ['--force'])
  mkdirSync(dirname(stamp), { recursive: true })
  writeWhole(stamp, wanted)
  return { changed: true, detail: `compiled ${outputs.length} files` }
}

/** @param {string} root @param {Context['run']} run @param {string[]} flags */
function runTsc(root, run, flags) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { status, stdout, stderr } = run(process.execPath, [tsc, '-b', ...flags], { cwd: root })
  if (status === 0) return
  const errors = (stdout + stderr).split('\n').filter(line => line.includes('error TS'))
  throw new SetupError({
    cause: `tsc -b found ${errors.length || 'some'} errors:\n${errors.slice(0, 10).join('\n')}`,
    remedy: 'Mend them, then run it again.',
    exitCode: 1,
  })
}

/** @param {string} root */
function filesOf(root) {
  const packages = join(root, 'packages')
  const inputs = [
    ...['package-lock.json', 'tsconfig.json', 'tsconfig.base.json'],
    ...listFiles(join(root, 'scripts'), isInput).map(file => join('scripts', file)),
    ...listFiles(packages, isInput)
      .filter(isSource)
      .map(file => join('packages', file)),
  ]
  const outputs = inputs
    .filter(isCompiled)
    .map(file => file.replace('/src/', '/dist/').replace(/ts$/, 'js'))
  return {
    inputs: inputs.map(file => join(root, file)),
    outputs: outputs.map(file => join(root, file)),
  }
}

/** @param {string} file */
const isCompiled = file => file.includes('/src/') && /(?<!\.d)\.ts$/.test(file)

/** @param {string} name */
const isInput = name => /\.(ts|mjs|json)$/.test(name)

/** @param {string} file */
const isSource = file => !/^[^/]+\/(node_modules|dist|build)\//.test(file)
