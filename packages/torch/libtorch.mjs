// Where LibTorch is looked for: one ordered table, used by the set-up, by the error a user reads
// and by the documentation. Importing it does nothing; it reaches the machine only through probes.
import { join, resolve } from 'node:path'
import { inspect, isSupported, tooOld } from './libtorch-probe.mjs'

/**
 * @import { LibTorch, Outcome, Probes } from './libtorch-probe.mjs'
 */

/**
 * One row of the table.
 *
 * @typedef {object} Place
 * @property {string} id
 * @property {string} what where this is, for the reader of an error or of the documentation
 * @property {string} [remedy] what the user can do so that this place fits
 * @property {(env: Probes['env']) => boolean} [asked] where present, the place is only looked at
 * when the user asks for it, and then no other place may answer
 * @property {boolean} [installs] looking there changes the machine
 * @property {(probes: Probes) => Outcome} find
 */

const debianPackages = ['libtorch-dev', 'libopenblas0-pthread']
const archiveUrl = 'https://pytorch.org/get-started/locally/'

/** @type {readonly Place[]} */
export const places = [
  {
    id: 'LIBTORCH',
    what: 'the folder that LIBTORCH names',
    remedy: 'set LIBTORCH=DIR, the folder that holds include/ and lib/ of a LibTorch',
    asked: env => Boolean(env.LIBTORCH),
    find: probes => inspect(resolve(String(probes.env.LIBTORCH)), 'LIBTORCH', probes),
  },
  {
    id: 'LIBTORCH_USE_PYTORCH',
    what: 'with LIBTORCH_USE_PYTORCH=1, the PyTorch of `python3`',
    remedy: 'set LIBTORCH_USE_PYTORCH=1 with a `python3` on PATH that imports torch',
    asked: env => env.LIBTORCH_USE_PYTORCH === '1',
    find: probes => inspectPython('python3', 'LIBTORCH_USE_PYTORCH', probes),
  },
  {
    id: 'system',
    what: 'a system install under /usr/local or /usr',
    find: findSystem,
  },
  {
    id: 'python',
    what: 'the PyTorch of `python3`',
    find: probes => inspectPython('python3', 'python', probes),
  },
  {
    id: 'private',
    what: 'a PyTorch that an earlier set-up installed into its private Python environment',
    find: findPrivate,
  },
  {
    id: 'apt',
    what: "on Debian and Ubuntu, as root: the distribution's libtorch-dev, installed by apt",
    remedy: `on Debian or Ubuntu: sudo apt-get install --no-install-recommends ${debianPackages.join(' ')}`,
    installs: true,
    find: installWithApt,
  },
  {
    id: 'pip',
    what: '`torch` from PyPI, installed by pip into a private Python environment',
    remedy: 'have a `python3` with venv and pip on PATH, and a network that reaches its index',
    installs: true,
    find: installWithPip,
  },
  {
    id: 'archive',
    what: 'the official LibTorch archive, unpacked by hand',
    remedy: `unpack the cxx11-ABI archive of ${archiveUrl} and set LIBTORCH to its folder`,
    find: () => ({ reason: 'a step by hand, never done for you' }),
  },
]

/** No place of the table holds a LibTorch that fits; `tried` says why, place by place. */
export class LibTorchError extends Error {
  exitCode = 2

  /** @param {string} message @param {{ id: string, what: string, reason: string }[]} tried */
  constructor(message, tried) {
    super(message)
    this.name = 'LibTorchError'
    this.tried = tried
  }
}

/**
 * Walks the table and returns the first LibTorch that fits.
 *
 * @param {Probes} probes
 * @param {{ install?: boolean }} [options] `install` (default false) allows the places that change
 * the machine
 * @returns {LibTorch}
 * @throws {LibTorchError} when no place fits, or the one that the user asked for does not
 */
export function locate(probes, { install = false } = {}) {
  const tried = []
  for (const place of places) {
    const { id, what } = place
    if (place.asked && !place.asked(probes.env)) {
      tried.push({ id, what, reason: 'not asked for' })
      continue
    }
    const outcome =
      place.installs && !install ? { reason: 'only the set-up installs' } : place.find(probes)
    if ('libtorch' in outcome) return outcome.libtorch
    if (place.asked) throw new LibTorchError(explainAsked(place, outcome.reason), [])
    tried.push({ id, what, reason: outcome.reason })
  }
  throw new LibTorchError(explain(tried), tried)
}

/**
 * The message for a machine without LibTorch: what was looked at and why it did not fit, then the
 * remedies, each on its own line.
 *
 * @param {{ what: string, reason: string }[]} tried
 */
export function explain(tried) {
  const seen = tried.map(({ what, reason }, i) => `  ${i + 1}. ${what}: ${reason}`)
  const remedies = places.flatMap(({ remedy }) => (remedy ? [`  - ${remedy}`] : []))
  return [
    'Expected a LibTorch but found none that fits. Looked for it in this order:',
    ...seen,
    'Any one of these mends it:',
    ...remedies,
  ].join('\n')
}

/** @param {Place} place @param {string} reason */
function explainAsked({ id, remedy }, reason) {
  return `Expected a LibTorch where \`${id}\` points but ${reason}. To mend it, ${remedy}, or unset ${id}.`
}

/** @param {Probes} probes @returns {Outcome} */
function findSystem(probes) {
  const reasons = []
  for (const prefix of ['/usr/local', '/usr']) {
    const outcome = inspect(prefix, 'system', probes)
    if ('libtorch' in outcome) return outcome
    reasons.push(outcome.reason)
  }
  return { reason: reasons.join('; ') }
}

// find_spec locates the package without importing it: importing torch takes seconds.
const pythonFindsTorch =
  'import importlib.util, os; s = importlib.util.find_spec("torch"); print(os.path.dirname(s.origin) if s and s.origin else "")'

/** @param {string} python @param {string} source @param {Probes} probes @returns {Outcome} */
function inspectPython(python, source, probes) {
  const { status, stdout } = probes.run(python, ['-c', pythonFindsTorch])
  if (status === null) return { reason: `there is no \`${python}\` on PATH` }
  const path = stdout.trim()
  if (status !== 0 || !path) return { reason: `\`${python}\` has no torch` }
  return inspect(path, source, probes)
}

/** @param {Probes} probes */
function privateVenv({ env, home }) {
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'normfree', 'torch-venv')
}

// Written last, so that an install cut short is not taken for a whole one.
const finishedMark = 'normfree-finished'

/** @param {Probes} probes @returns {Outcome} */
function findPrivate(probes) {
  const venv = privateVenv(probes)
  if (!probes.exists(join(venv, finishedMark))) return { reason: `${venv} is not there` }
  return inspectPython(join(venv, 'bin/python'), 'private', probes)
}

/** @param {Probes} probes @returns {Outcome} */
function installWithApt(probes) {
  if (!probes.exists('/etc/debian_version')) return { reason: 'this is not Debian or Ubuntu' }
  if (probes.uid !== 0) return { reason: 'not run as root' }
  if (!aptOffers(probes)) probes.run('apt-get', ['update'])
  const offered = aptOffers(probes)
  if (!offered) return { reason: 'apt offers no libtorch-dev here' }
  if (!isSupported(offered, probes.env)) return { reason: tooOld(offered, 'apt') }
  probes.say(`installing libtorch-dev ${offered} by apt (131 MB and what it depends on)`)
  let { status, stderr } = aptInstall(probes)
  if (status !== 0) {
    // Package lists older than the mirror name files that are gone: fresh ones mend it.
    probes.run('apt-get', ['update'])
    ;({ status, stderr } = aptInstall(probes))
  }
  if (status !== 0) return { reason: `apt-get install failed: ${lastLine(stderr)}` }
  return inspect('/usr', 'apt', probes)
}

/** @param {Probes} probes */
function aptOffers(probes) {
  const { stdout } = probes.run('apt-cache', ['policy', 'libtorch-dev'])
  const version = /Candidate: *(?:\d+:)?(\d[\d.]*)/.exec(stdout)?.[1]
  return version
}

/** @param {Probes} probes */
function aptInstall(probes) {
  const flags = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300']
  return probes.run('apt-get', ['install', ...flags, ...debianPackages])
}

/** @param {Probes} probes @returns {Outcome} */
function installWithPip(probes) {
  const venv = privateVenv(probes)
  const python = join(venv, 'bin/python')
  probes.say(
    'installing torch by pip into ' +
      `${venv} (on Linux x86_64 with its CUDA libraries: a download of 3 GB, 5.2 GB on disk)`,
  )
  const steps = /** @type {[string, string[]][]} */ ([
    ['python3', ['-m', 'venv', '--clear', venv]],
    [python, ['-m', 'pip', 'install', '--no-input', '--no-compile', 'torch>=1.13']],
    [python, ['-c', `open(${JSON.stringify(join(venv, finishedMark))}, "w").close()`]],
  ])
  for (const [command, args] of steps) {
    const { status, stdout, stderr } = probes.run(command, args)
    if (status === null) return { reason: `there is no \`${command}\` on PATH` }
    if (status !== 0) {
      return {
        reason: `\`${command} ${args.slice(0, 3).join(' ')}\` failed: ${lastLine(stderr || stdout)}`,
      }
    }
  }
  return inspectPython(python, 'pip', probes)
}

/** @param {string} text */
function lastLine(text) {
  return text.trim().split('\n').at(-1) || 'it printed nothing'
}
