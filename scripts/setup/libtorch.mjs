// Step 3: LibTorch, by the table of packages/torch/libtorch.mjs, and a BLAS worth its name.
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { locate } from '../../packages/torch/libtorch.mjs'

/** @import { LibTorch, Probes } from '../../packages/torch/libtorch-probe.mjs' */
/** @import { Context, Done } from './context.mjs' */

/** @param {Context} context @returns {Done} */
export function findLibTorch(context) {
  const libtorch = locate(machineProbes(context), { install: true })
  context.libtorch = libtorch
  const blas = ensureFastBlas(libtorch, context)
  const { version, source, path } = libtorch
  const installed = source === 'apt' || source === 'pip'
  return {
    changed: installed || blas,
    detail: `LibTorch ${version} from ${path} (${source})${blas ? ', OpenBLAS installed' : ''}`,
  }
}

/** @param {Context} context @returns {Probes} */
function machineProbes({ env, run, say }) {
  return {
    env,
    uid: process.getuid?.() ?? -1,
    arch: process.arch,
    home: homedir(),
    exists: existsSync,
    readFile: path => readFileSync(path, 'utf8'),
    run: (command, args) => run(command, args, { env: { DEBIAN_FRONTEND: 'noninteractive' } }),
    say,
  }
}

/**
 * Debian's LibTorch multiplies matrices with whatever libblas.so.3 is on the machine, and the
 * reference BLAS is many times slower than OpenBLAS.
 *
 * @param {LibTorch} libtorch
 * @param {Context} context
 * @param {(path: string) => string} [realpath]
 * @returns {boolean} whether OpenBLAS was installed
 */
export function ensureFastBlas({ libDir }, { run, say }, realpath = realpathSync) {
  const blas = join(libDir, 'libblas.so.3')
  if (!isReferenceBlas(blas, realpath)) return false
  const packages = ['install', '-y', '--no-install-recommends', 'libopenblas0-pthread']
  if (process.getuid?.() === 0 && run('apt-get', packages).status === 0) return true
  say(
    `${blas} is the reference BLAS, many times slower than need be: apt-get ${packages.join(' ')}`,
  )
  return false
}

/** @param {string} blas @param {(path: string) => string} realpath */
function isReferenceBlas(blas, realpath) {
  try {
    return /\/blas\/libblas\.so/.test(realpath(blas))
  } catch {
    return false
  }
}
