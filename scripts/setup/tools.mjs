// Step 1: the tools that must be there before anything of ours can run.
import { SetupError } from './error.mjs'

/** @import { Context, Done } from './context.mjs' */

const oldestNode = [20, 19]
const oldestCmake = [3, 18]
const compilers = ['c++', 'g++', 'clang++']

/** @param {Context} context @returns {Done} */
export function checkTools(context) {
  const node = checkNode(process.versions.node)
  const cmake = checkCmake(context)
  const compiler = findCompiler(context)
  context.compiler = compiler
  context.ninja = context.run('ninja', ['--version']).status === 0
  return { changed: false, detail: `Node ${node}, CMake ${cmake}, ${compiler}` }
}

/** @param {string} version */
export function checkNode(version) {
  if (isAtLeast(version, oldestNode)) return version
  throw new SetupError({
    cause: `Expected Node >= ${oldestNode.join('.')} but received ${version} (${process.execPath}).`,
    remedy: 'Install a newer Node from https://nodejs.org.',
  })
}

/** @param {Context} context */
function checkCmake({ run }) {
  const { status, stdout } = run('cmake', ['--version'])
  const version = status === 0 ? /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] : undefined
  if (version && isAtLeast(version, oldestCmake)) return version
  throw new SetupError({
    cause: `Expected CMake >= ${oldestCmake.join('.')} on PATH but found ${version ?? 'none'}.`,
    remedy: 'Install it, for example: apt-get install cmake, or brew install cmake.',
  })
}

/** @param {Context} context the first compiler, CXX before all others, that accepts C++17 */
function findCompiler({ run, env }) {
  const names = env.CXX ? [env.CXX] : compilers
  const flags = ['-std=c++17', '-x', 'c++', '-fsyntax-only', '/dev/null']
  const compiler = names.find(name => run(name, flags).status === 0)
  if (compiler) return compiler
  throw new SetupError({
    cause: `Expected a C++17 compiler but none of ${names.join(', ')} is one.`,
    remedy: 'Install one, for example: apt-get install g++, or set CXX to yours.',
  })
}

/** @param {string} version @param {number[]} oldest */
function isAtLeast(version, [oldestMajor = 0, oldestMinor = 0]) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}
