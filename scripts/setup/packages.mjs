// Step 2: the npm packages, exactly those of package-lock.json.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from './error.mjs'
import { readJsonIfWhole } from './files.mjs'

/** @import { Context, Done } from './context.mjs' */

/** @param {Context} context @returns {Done} */
export function installPackages({ root, run }) {
  if (isInstalled(root)) return { changed: false }
  // Install scripts are off: npm may block them, and no package here needs one.
  const { status, stderr } = run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: root,
  })
  if (status === 0) return { changed: true, detail: 'installed from package-lock.json' }
  if (status === null) {
    throw new SetupError({
      cause: 'Expected npm on PATH but found none.',
      remedy: 'Install it; it comes with Node from https://nodejs.org.',
    })
  }
  throw new SetupError({
    cause: `npm ci failed: ${firstError(stderr)}`,
    remedy: 'Check that the npm registry can be reached, then run it again.',
  })
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm leaves its own list of what it
 * installed in node_modules, last of all, so an install cut short has none.
 *
 * @param {string} root
 */
export function isInstalled(root) {
  const wanted = readJsonIfWhole(join(root, 'package-lock.json'))?.packages ?? {}
  const installed = readJsonIfWhole(join(root, 'node_modules/.package-lock.json'))?.packages
  if (!installed) return false
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true
    const found = installed[path]
    // Packages for other platforms are optional, and left out.
    if (!found) return entry.optional === true
    const same = found.version === entry.version && found.integrity === entry.integrity
    return same && existsSync(join(root, path, 'package.json'))
  })
}

/** @param {string} stderr */
function firstError(stderr) {
  const lines = stderr.split('\n').filter(line => /^npm (error|ERR!)/.test(line))
  return lines.slice(0, 3).join(' ') || 'it printed no error'
}
