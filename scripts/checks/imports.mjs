// Imports point one way, by package name, to declared dependencies, and in no circle.
import { posix } from 'node:path'
import { lineAt, packageFolders, packageSources, read, withoutComments } from './source.mjs'

/** @import { Check, Violation } from './source.mjs' */

/**
 * Which packages each package may import, straight or through another: the one table of the
 * direction of imports. A package that is not in it fails the check.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const mayImport = {
  '@normfree/torch': [],
  normfree: ['@normfree/torch'],
  '@normfree/runs': [],
  '@normfree/plots': ['@normfree/runs'],
  '@normfree/lab': ['normfree', '@normfree/torch', '@normfree/runs'],
  '@normfree/cli': [
    '@normfree/lab',
    '@normfree/plots',
    '@normfree/runs',
    'normfree',
    '@normfree/torch',
  ],
}

/**
 * @typedef {object} Package
 * @property {string} name
 * @property {string} folder
 * @property {Set<string>} declared its dependencies
 */

/**
 * @typedef {object} Import
 * @property {string} file
 * @property {number} line
 * @property {string} target as written
 * @property {boolean} typeOnly erased by the compiler, so it can close no circle at run time
 */

/** @type {Check} */
export const imports = {
  name: 'imports',
  run(root) {
    const packages = packageFolders(root).map(folder => readPackage(root, folder))
    const shared = new Set(
      Object.keys(JSON.parse(read(root, 'package.json')).devDependencies ?? {}),
    )
    const files = packageSources(root)
    const all = files.flatMap(file => importsOf(file, read(root, file)))
    const violations = all.flatMap(found => checkImport(found, packages, shared))
    return {
      violations: [...violations, ...cycles(all, new Set(files))],
      summary: `${all.length} imports in ${files.length} files`,
    }
  },
}

/** @param {string} root @param {string} folder @returns {Package} */
function readPackage(root, folder) {
  const { name, dependencies, peerDependencies } = JSON.parse(read(root, `${folder}/package.json`))
  return { name, folder, declared: new Set(Object.keys({ ...dependencies, ...peerDependencies })) }
}

// A target with `$` is written by a template: a program for another process, not an import.
const statement = /^[ \t]*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\bfrom\s*)?['"]([^'"\n$]+)['"]/gm
const dynamic = /\bimport\(\s*()['"]([^'"\n$]+)['"]\s*\)/g

/**
 * The imports and re-exports of a TypeScript source.
 *
 * @param {string} file @param {string} source @returns {Import[]}
 */
export function importsOf(file, source) {
  const text = withoutComments(source)
  return [...text.matchAll(statement), ...text.matchAll(dynamic)].map(match => ({
    file,
    line: lineAt(text, match.index + match[0].lastIndexOf(match[2] ?? '')),
    target: match[2] ?? '',
    typeOnly: Boolean(match[1]),
  }))
}

const forTests = /\.test\.|\/testing\.ts$/

/**
 * @param {Import} found @param {Package[]} packages @param {Set<string>} shared dependencies of
 * development, which only tests may import
 * @returns {Violation[]}
 */
function checkImport({ file, line, target }, packages, shared) {
  if (target.startsWith('node:')) return []
  const own = packages.find(({ folder }) => file.startsWith(`${folder}/`))
  if (!own) return []
  /** @param {string} message */
  const violation = message => [{ file, line, message }]
  if (target.startsWith('.')) {
    const path = posix.join(posix.dirname(file), target)
    if (path.startsWith(`${own.folder}/`)) return []
    return violation(`imports ${target}, which leaves ${own.folder}: import packages by name`)
  }
  const name = target.split('/', target.startsWith('@') ? 2 : 1).join('/')
  if (packages.some(other => other.name === name) && !mayImport[own.name]?.includes(name)) {
    return violation(`${own.name} may not import ${name}: imports point one way`)
  }
  if (own.declared.has(name) || (forTests.test(file) && shared.has(name))) return []
  return violation(`imports ${name}, which ${own.folder}/package.json does not declare`)
}

/** @param {Import[]} all @param {Set<string>} files @returns {Violation[]} one for each circle */
function cycles(all, files) {
  /** @type {Map<string, Import[]>} */
  const edges = new Map()
  for (const found of all) {
    if (found.typeOnly || !found.target.startsWith('.')) continue
    const target = posix.join(posix.dirname(found.file), found.target)
    if (files.has(target))
      edges.set(found.file, [...(edges.get(found.file) ?? []), { ...found, target }])
  }
  /** @type {Violation[]} */
  const violations = []
  const finished = new Set()
  /** @param {string} file @param {string[]} path */
  const visit = (file, path) => {
    for (const { line, target } of edges.get(file) ?? []) {
      const start = [...path, file].indexOf(target)
      if (start >= 0) {
        const circle = [...path, file].slice(start).concat(target).join(' -> ')
        violations.push({ file, line, message: `closes an import cycle: ${circle}` })
      } else if (!finished.has(target)) visit(target, [...path, file])
    }
    finished.add(file)
  }
  for (const file of edges.keys()) if (!finished.has(file)) visit(file, [])
  return violations
}
