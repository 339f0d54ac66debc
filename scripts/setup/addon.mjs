// Step 4: the addon, built by CMake in packages/torch/build/. The finished file is renamed into
// place and its record written last, so a build cut short is never taken for a whole one.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { SetupError } from './error.mjs'
import { fingerprint, listFiles, readJsonIfWhole, writeWhole } from './files.mjs'

/** @import { LibTorch } from '../../packages/torch/libtorch-probe.mjs' */
/** @import { Context, Done } from './context.mjs' */

// One compilation of ATen's headers takes up to this much.
const bytesPerCompiler = 2 * 1024 ** 3

/** @param {Context & { libtorch?: LibTorch }} context @returns {Done} */
export function buildAddon(context) {
  const { root, libtorch } = context
  if (!libtorch) throw new TypeError('the step `libtorch` comes before `addon`')
  const folders = foldersOf(root, libtorch)
  const wanted = addonFingerprint(folders.native, root, context, libtorch)
  const record = readJsonIfWhole(folders.record)
  if (existsSync(folders.addon) && record?.builtAgainst?.fingerprint === wanted) {
    return { changed: false }
  }
  mkdirSync(folders.build, { recursive: true })
  const built = buildTree(context, libtorch, folders)
  checkLoads(context, built)
  copyFileSync(built, `${folders.addon}.tmp`)
  renameSync(`${folders.addon}.tmp`, folders.addon)
  const { path, version, source, libDir, libraries, cxx11Abi, cxxStandard } = libtorch
  const builtAgainst = {
    version,
    cxx11Abi,
    cxxStandard,
    compiler: context.compiler,
    fingerprint: wanted,
  }
  writeWhole(
    folders.record,
    `${JSON.stringify({ path, version, source, libDir, libraries, builtAgainst }, null, 2)}\n`,
  )
  return { changed: true, detail: `built against LibTorch ${version}` }
}

// Each LibTorch has a CMake folder of its own, so that going back to one costs a copy.
/** @param {string} root @param {LibTorch} libtorch */
function foldersOf(root, { path, version }) {
  const build = join(root, 'packages/torch/build')
  const tree = join(build, `cmake-${version}-${fingerprint([], [path]).slice(0, 8)}`)
  return {
    native: join(root, 'packages/torch/native'),
    build,
    tree,
    cutShort: `${tree}.running`,
    addon: join(build, 'normfree_torch.node'),
    record: join(build, 'libtorch.json'),
  }
}

/** @param {string} native @param {string} root @param {Context} context @param {LibTorch} libtorch */
function addonFingerprint(native, root, { compiler }, libtorch) {
  const sources = listFiles(native, () => true).map(file => join(native, file))
  const headers = ['node-addon-api', 'node-api-headers'].map(name =>
    join(root, 'node_modules', name, 'package.json'),
  )
  const library = libtorch.libraries.map(file => {
    const { size, mtimeMs } = statSync(file)
    return `${size} ${mtimeMs}`
  })
  // Which place of the table it came from changes nothing about the addon.
  const { source, ...compiledAgainst } = libtorch
  return fingerprint(
    [...sources, ...headers],
    [JSON.stringify(compiledAgainst), ...library, compiler ?? ''],
  )
}

// CMake's folder is kept so that a change of one file compiles one file. A folder that a killed
// build left, or that no longer configures or links, is thrown away and made once more.
/** @param {Context} context @param {LibTorch} libtorch @param {ReturnType<typeof foldersOf>} folders */
function buildTree(context, libtorch, folders) {
  const { tree, cutShort } = folders
  if (existsSync(cutShort)) rmSync(tree, { recursive: true, force: true })
  const reused = existsSync(tree)
  writeFileSync(cutShort, '')
  let failure = configureAndBuild(context, libtorch, folders)
  if (failure && reused && !isSourceError(failure)) {
    rmSync(tree, { recursive: true, force: true })
    failure = configureAndBuild(context, libtorch, folders)
  }
  rmSync(cutShort, { force: true })
  if (!failure) return join(tree, 'normfree_torch.node')
  throw new SetupError({
    cause: `The addon did not build against LibTorch ${libtorch.version}:\n${firstErrors(failure)}`,
    remedy: isSourceError(failure)
      ? 'Mend packages/torch/native, then run it again.'
      : 'Read the log for what CMake missed, then run it again.',
    exitCode: 1,
  })
}

/**
 * @param {Context} context @param {LibTorch} libtorch @param {ReturnType<typeof foldersOf>} folders
 * @returns {string | undefined} what the failing command printed
 */
function configureAndBuild({ root, run, compiler, ninja }, libtorch, { native, tree }) {
  const definitions = {
    CMAKE_CXX_COMPILER: compiler,
    LIBTORCH_INCLUDE_DIRS: libtorch.includeDirs.join(';'),
    LIBTORCH_LIBRARIES: libtorch.libraries.join(';'),
    LIBTORCH_LIB_DIR: libtorch.libDir,
    LIBTORCH_CXX11_ABI: libtorch.cxx11Abi,
    LIBTORCH_CXX_STANDARD: libtorch.cxxStandard,
    NODE_MODULES: join(root, 'node_modules'),
  }
  const defined = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`)
  const generator = ninja ? ['-G', 'Ninja'] : []
  const jobs = Math.max(
    1,
    Math.min(availableParallelism(), Math.floor(totalmem() / bytesPerCompiler)),
  )
  for (const args of [
    ['-S', native, '-B', tree, ...generator, ...defined],
    ['--build', tree, '--parallel', String(jobs)],
  ]) {
    const { status, stdout, stderr } = run('cmake', args)
    if (status !== 0) return stdout + stderr
  }
  return undefined
}

/** @param {Context} context @param {string} addon */
function checkLoads({ run }, addon) {
  const script = `process.dlopen({ exports: {} }, ${JSON.stringify(addon)})`
  const { status, stderr } = run(process.execPath, ['-e', script])
  if (status === 0) return
  const reason = stderr.split('\n').find(line => line.startsWith('Error:')) ?? stderr.slice(-300)
  throw new SetupError({
    cause: `The addon was built but does not load: ${reason}`,
    remedy: 'The LibTorch it was built against is not whole, or needs a library that is not there.',
  })
}

// A compiler's complaint about our own code, which a fresh folder cannot mend.
const sourceError = /^\S+\.(cc|h):\d+:\d+: (fatal )?error:.*/m

/** @param {string} output */
function isSourceError(output) {
  return sourceError.test(output)
}

/** @param {string} output */
function firstErrors(output) {
  const lines = output.split('\n')
  const errors = lines.filter(line => /\berror\b|undefined reference/i.test(line))
  return (errors.length ? errors : lines.slice(-6)).slice(0, 6).join('\n')
}
