// What the checks share: which files there are, and a file's text without its comments.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * One breach of a rule.
 *
 * @typedef {object} Violation
 * @property {string} file relative to the repository
 * @property {number} [line] 1-based
 * @property {string} message the rule, and what broke it
 */

/**
 * What a check found.
 *
 * @typedef {object} Outcome
 * @property {Violation[]} violations each fails the check
 * @property {Violation[]} [warnings] shown, and failing nothing
 * @property {string} [summary] what was looked at, a few words
 */

/**
 * A check: a name and a function of the repository's root.
 *
 * @typedef {object} Check
 * @property {string} name
 * @property {(root: string) => Outcome | Promise<Outcome>} run
 */

const machineMade = new Set(['node_modules', 'dist', 'dist-codegen', 'build', 'generated'])

/**
 * The handwritten files below a folder, as sorted paths relative to `root`.
 *
 * @param {string} root @param {string} folder @param {RegExp} pattern of the whole relative path
 * @returns {string[]}
 */
export function handwrittenFiles(root, folder, pattern) {
  return filesBelow(root, folder, name => machineMade.has(name)).filter(file => pattern.test(file))
}

/**
 * The TypeScript sources of the packages, generated ones with them.
 *
 * @param {string} root @returns {string[]}
 */
export function packageSources(root) {
  return packageFolders(root)
    .flatMap(folder => filesBelow(root, `${folder}/src`, () => false))
    .filter(file => /(?<!\.d)\.ts$/.test(file))
}

/** @param {string} root @returns {string[]} `packages/<name>`, sorted */
export function packageFolders(root) {
  return readdirSync(join(root, 'packages'))
    .map(name => `packages/${name}`)
    .filter(folder => existsSync(join(root, folder, 'package.json')))
    .sort()
}

/** @param {string} root @param {string} folder @param {(name: string) => boolean} skip */
function filesBelow(root, folder, skip) {
  /** @type {string[]} */
  const files = []
  if (!existsSync(join(root, folder))) return files
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isFile()) files.push(path)
    else if (entry.isDirectory() && !skip(entry.name)) files.push(...filesBelow(root, path, skip))
  }
  return files.sort()
}

/** @param {string} root @param {string} file */
export const read = (root, file) => readFileSync(join(root, file), 'utf8')

const commentOrString =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

/**
 * The text with comments blanked out, every other character at its place.
 *
 * @param {string} text
 */
export function withoutComments(text) {
  return text.replace(commentOrString, token =>
    token.startsWith('/') ? token.replace(/[^\n]/g, ' ') : token,
  )
}

/** @param {string} text @param {number} index @returns {number} the 1-based line of an index */
export const lineAt = (text, index) => text.slice(0, index).split('\n').length

/** @param {string} text */
export const countLines = text => text.replace(/\n$/, '').split('\n').length
