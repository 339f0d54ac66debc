// File helpers of the set-up: whole writes, content hashes, sorted listings.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Replaces a file in one step: a reader sees the old text or the new, never a part.
 *
 * @param {string} path @param {string} text
 */
export function writeWhole(path, text) {
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, text)
  renameSync(temporary, path)
}

/** @param {string} path @returns {string | undefined} the text, or undefined without such a file */
export function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** @param {string} path @returns {any} the parsed file, or undefined where it is missing or torn */
export function readJsonIfWhole(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * The files below a folder, as sorted paths relative to it.
 *
 * @param {string} folder @param {(name: string) => boolean} keep
 */
export function listFiles(folder, keep) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && keep(entry.name))
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

/**
 * One hash over files' names and contents and any further text.
 *
 * @param {string[]} files @param {string[]} [texts]
 */
export function fingerprint(files, texts = []) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file)).update('\0')
  for (const text of texts) hash.update(`${text}\0`)
  return hash.digest('hex')
}
