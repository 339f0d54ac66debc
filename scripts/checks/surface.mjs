// The public surface is a list: what each package exports, committed in scripts/surface.json, so
// that no name comes or goes by accident.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lineAt, packageFolders, read, withoutComments } from './source.mjs'

/** @import { Check, Violation } from './source.mjs' */

const list = 'scripts/surface.json'

/** @type {Check} */
export const surface = {
  name: 'surface',
  run(root) {
    const { names, violations } = readSurface(root)
    const committed = existsSync(join(root, list)) ? JSON.parse(read(root, list)) : {}
    for (const name of new Set([...Object.keys(names), ...Object.keys(committed)])) {
      violations.push(...differences(name, names[name] ?? [], committed[name] ?? []))
    }
    return { violations, summary: `${Object.values(names).flat().length} names` }
  },
}

/** @param {string} root writes the committed list anew */
export function updateSurface(root) {
  writeFileSync(join(root, list), `${JSON.stringify(readSurface(root).names, null, 2)}\n`)
}

/** @param {string} root */
function readSurface(root) {
  /** @type {Record<string, string[]>} */
  const names = {}
  /** @type {Violation[]} */
  const violations = []
  for (const folder of packageFolders(root)) {
    const file = `${folder}/src/index.ts`
    if (!existsSync(join(root, file))) continue
    const found = exportsOf(file, read(root, file))
    names[JSON.parse(read(root, `${folder}/package.json`)).name] = found.names
    violations.push(...found.violations)
  }
  return { names, violations }
}

const braces = /\bexport\s+(type\s+)?\{([^}]*)\}/g
const declaration =
  /\bexport\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(const|let|function\*?|class|interface|type|namespace)\s+(\w+)/g
const namespace = /\bexport\s+\*\s+as\s+(\w+)/g
// Generated code is named by its generator, whose freshness is another check.
const star = /\bexport\s+\*\s+from\s*['"](?!\.\/generated\/)/g

/**
 * The exported names of an index, types marked as such.
 *
 * @param {string} file @param {string} source
 */
export function exportsOf(file, source) {
  const text = withoutComments(source)
  const listed = [...text.matchAll(braces)].flatMap(([, allTypes, inside]) =>
    (inside ?? '')
      .split(',')
      .map(entry => entry.trim())
      .filter(Boolean)
      .map(entry => mark(Boolean(allTypes) || entry.startsWith('type '), lastWord(entry))),
  )
  const declared = [...text.matchAll(declaration)].map(([, kind, name]) =>
    mark(kind === 'interface' || kind === 'type', name ?? ''),
  )
  const spaces = [...text.matchAll(namespace)].map(([, name]) => name ?? '')
  const violations = [...text.matchAll(star)].map(match => ({
    file,
    line: lineAt(text, match.index),
    message: 'exports everything of a file: name what is public',
  }))
  return { names: [...listed, ...declared, ...spaces].sort(), violations }
}

/** @param {boolean} isType @param {string} name */
const mark = (isType, name) => (isType ? `type ${name}` : name)

/** @param {string} entry `name`, `type name` or `name as other` */
const lastWord = entry => entry.split(/\s+/).at(-1) ?? ''

/** @param {string} name @param {string[]} found @param {string[]} committed @returns {Violation[]} */
function differences(name, found, committed) {
  const mend = 'if that is meant, run `npm run check -- --update`'
  return [
    ...found
      .filter(entry => !committed.includes(entry))
      .map(entry => ({ file: list, message: `lacks ${entry} of ${name}: ${mend}` })),
    ...committed
      .filter(entry => !found.includes(entry))
      .map(entry => ({
        file: list,
        message: `lists ${entry}, which ${name} no longer exports: ${mend}`,
      })),
  ]
}
