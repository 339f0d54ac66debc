// What one folder holds: is it a LibTorch, which version, how is it compiled against?
// Reads through the injected probes only, never the machine itself, so that tests can invent one.
import { join } from 'node:path'

/**
 * The doors to the machine, injected.
 *
 * @typedef {object} Probes
 * @property {Record<string, string | undefined>} env
 * @property {number} uid 0 is root; -1 where the platform has no such thing
 * @property {string} arch Node's name of the processor, for example `x64`
 * @property {string} home
 * @property {(path: string) => boolean} exists
 * @property {(path: string) => string} readFile
 * @property {(command: string, args: string[]) => { status: number | null, stdout: string, stderr: string }} run
 * never throws; `status` is null when the command could not be started
 * @property {(text: string) => void} say one line for the user, before something slow or large
 */

/**
 * A LibTorch that the addon can be built against.
 *
 * @typedef {object} LibTorch
 * @property {string} source the place it was found in: an `id` of the table in libtorch.mjs
 * @property {string} version `major.minor.patch` of its headers
 * @property {string} path the prefix that holds include/ and lib/
 * @property {string[]} includeDirs
 * @property {string} libDir
 * @property {string[]} libraries absolute paths, in link order
 * @property {0 | 1} cxx11Abi the value of `_GLIBCXX_USE_CXX11_ABI` it was compiled with
 * @property {17 | 20} cxxStandard the oldest C++ standard its headers accept
 */

/** @typedef {{ libtorch: LibTorch } | { reason: string }} Outcome */

/** The oldest LibTorch whose dispatcher the addon is written for. */
export const oldestSupported = Object.freeze({ major: 1, minor: 13 })

const apiInclude = 'include/torch/csrc/api/include'
// 2.9 moved the numbers to headeronly/ and left a forwarding header behind.
const versionHeaders = [`${apiInclude}/torch/version.h`, 'include/torch/headeronly/version.h']
const debianTriplets = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }

/**
 * Whether a version is one the addon is written for. `NORMFREE_LIBTORCH_VERSION_CHECK=0` accepts
 * any, at the user's own risk.
 *
 * @param {string} version @param {Probes['env']} env
 */
export function isSupported(version, env) {
  if (env.NORMFREE_LIBTORCH_VERSION_CHECK === '0') return true
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return (
    major > oldestSupported.major ||
    (major === oldestSupported.major && minor >= oldestSupported.minor)
  )
}

/** @param {string} version @param {string} where */
export function tooOld(version, where) {
  const { major, minor } = oldestSupported
  return (
    `LibTorch ${version} in ${where} is too old: ${major}.${minor} or newer is supported ` +
    '(NORMFREE_LIBTORCH_VERSION_CHECK=0 tries it all the same)'
  )
}

/**
 * Looks at one prefix and says what LibTorch it holds, or why it holds none that can be used.
 *
 * @param {string} path @param {string} source @param {Probes} probes @returns {Outcome}
 */
export function inspect(path, source, probes) {
  const version = readVersion(path, probes)
  if (!version) return { reason: `${path} has no LibTorch headers (${versionHeaders[0]})` }
  if (!isSupported(version, probes.env)) return { reason: tooOld(version, path) }
  const libDir = findLibDir(path, probes)
  if (!libDir) return { reason: `${path} has LibTorch headers but no shared library lib/libtorch` }
  const suffix = librarySuffix(libDir, probes)
  return {
    libtorch: {
      source,
      version,
      path,
      includeDirs: [join(path, 'include'), join(path, apiInclude)],
      libDir,
      libraries: ['torch', 'torch_cpu', 'c10'].map(name => join(libDir, `lib${name}.${suffix}`)),
      cxx11Abi: readAbi(path, libDir, probes),
      cxxStandard: readStandard(path, probes),
    },
  }
}

/** @param {string} path @param {Probes} probes */
function readVersion(path, probes) {
  for (const header of versionHeaders) {
    const file = join(path, header)
    if (!probes.exists(file)) continue
    const text = probes.readFile(file)
    const parts = ['MAJOR', 'MINOR', 'PATCH'].map(
      part => new RegExp(`#define TORCH_VERSION_${part} +(\\d+)`).exec(text)?.[1],
    )
    if (parts.every(part => part !== undefined)) return parts.join('.')
  }
  return undefined
}

/** @param {string} path @param {Probes} probes */
function findLibDir(path, probes) {
  const triplet = Object.entries(debianTriplets).find(([arch]) => arch === probes.arch)?.[1]
  const folders = ['lib', ...(triplet ? [`lib/${triplet}`] : []), 'lib64']
  return folders.map(folder => join(path, folder)).find(folder => librarySuffix(folder, probes))
}

/** @param {string} libDir @param {Probes} probes */
function librarySuffix(libDir, probes) {
  return ['so', 'dylib'].find(suffix => probes.exists(join(libDir, `libtorch.${suffix}`)))
}

// Wheels before 2.7 kept libstdc++'s old ABI, and only their CMake package says so.
/** @param {string} path @param {string} libDir @param {Probes} probes @returns {0 | 1} */
function readAbi(path, libDir, probes) {
  const config = [join(path, 'share/cmake'), join(libDir, 'cmake')]
    .map(folder => join(folder, 'Torch/TorchConfig.cmake'))
    .find(probes.exists)
  return config && /_GLIBCXX_USE_CXX11_ABI=0/.test(probes.readFile(config)) ? 0 : 1
}

/** @param {string} path @param {Probes} probes @returns {17 | 20} */
function readStandard(path, probes) {
  const guard = join(path, 'include/ATen/ATen.h')
  return probes.exists(guard) && probes.readFile(guard).includes('202002L') ? 20 : 17
}
