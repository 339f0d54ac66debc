// Every exported name says what it is: a doc comment on what scripts/surface.json lists, on all that
// the namespaces in it hold, and on the methods and accessors of classes and interfaces, inherited
// ones too. An override need not repeat the comment; fields are their options' by name. Files are
// parsed, not type-checked, which takes a second. (`npm run docs` cannot judge methods: it does not
// see the comments of bases that are not exported.)
import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { packageFolders, read } from './source.mjs'

/** @import { Check } from './source.mjs' */

/**
 * What a file makes of one of its names: a declaration of its own, or something of another file.
 *
 * @typedef {object} Entry
 * @property {number} line 1-based
 * @property {boolean} documented
 * @property {Map<string, Entry>} members methods and accessors that users may call, by name
 * @property {string} [base] the class that this one extends
 * @property {{ file: string, name: string | null }} [from] the other file, and the name there; null
 *   for a namespace of all its names
 */

/**
 * @typedef {object} Names
 * @property {Map<string, Entry>} declared at the top level, exported or not
 * @property {Map<string, Entry>} exported
 * @property {string[]} stars files whose every export this one exports too
 */

/** @type {Check} */
export const documented = {
  name: 'documented',
  run(root) {
    const files = new Files(root)
    const found = packageFolders(root)
      .map(folder => `${folder}/src/index.ts`)
      .filter(file => existsSync(join(root, file)))
      .flatMap(file => [...files.everyName(file)])
      .flatMap(item => [item, ...files.membersOf(item)])
    // Under its first name: what is exported twice, or inherited, is declared once.
    const declared = new Map()
    for (const item of found) {
      const place = `${item.file}:${item.entry.line}`
      if (!declared.has(place)) declared.set(place, item)
    }
    const bare = [...declared.values()].filter(({ entry }) => !entry.documented)
    return {
      violations: bare.map(({ file, name, entry: { line } }) => ({
        file,
        line,
        message: `exports ${name} without a doc comment: say what it is (/** ... */)`,
      })),
      summary: `${declared.size} declarations`,
    }
  },
}

/** The sources of a repository, each parsed once. */
class Files {
  /** @param {string} root */
  constructor(root) {
    this.root = root
    /** @type {Map<string, Names>} */
    this.parsed = new Map()
  }

  /** @param {string} file @returns {Names} */
  names(file) {
    const known = this.parsed.get(file)
    if (known) return known
    const names = namesIn(file, read(this.root, file))
    this.parsed.set(file, names)
    return names
  }

  /**
   * Every name that `file` exports, where it is declared; a namespace's own names after it.
   *
   * @param {string} file
   * @returns {Generator<{ file: string, name: string, entry: Entry }>}
   */
  *everyName(file) {
    const { exported, stars } = this.names(file)
    for (const [name, entry] of exported) {
      const { from } = entry
      if (!from) yield { file, name, entry }
      else if (from.name === null) {
        yield { file, name, entry }
        yield* this.everyName(from.file)
      } else {
        const found = this.find(from.file, from.name)
        if (found) yield { ...found, name }
      }
    }
    for (const star of stars) yield* this.everyName(star)
  }

  /**
   * The methods and accessors of a class or an interface, and those that a class inherits.
   *
   * @param {{ file: string, name: string, entry: Entry }} item
   * @returns {Generator<{ file: string, name: string, entry: Entry }>}
   */
  *membersOf({ file, name, entry }) {
    for (const [member, found] of entry.members)
      yield { file, name: `${name}.${member}`, entry: found }
    const base = this.names(file).declared.get(entry.base ?? '')
    const found = base?.from?.name ? this.find(base.from.file, base.from.name) : undefined
    if (found) yield* this.membersOf({ ...found, name })
    else if (base && !base.from) yield* this.membersOf({ file, name, entry: base })
  }

  /**
   * Where the name that `file` exports is declared; nothing when it is of another package.
   *
   * @param {string} file @param {string} name
   * @returns {{ file: string, entry: Entry } | undefined}
   */
  find(file, name) {
    const { exported, stars } = this.names(file)
    const entry = exported.get(name)
    if (!entry) return stars.map(star => this.find(star, name)).find(Boolean)
    if (!entry.from || entry.from.name === null) return { file, entry }
    return this.find(entry.from.file, entry.from.name)
  }
}

/** @param {string} file @param {string} text @returns {Names} */
function namesIn(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  /** @type {Names} */
  const names = { declared: new Map(), exported: new Map(), stars: [] }
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) addImports(names, statement, source)
    else if (!ts.isExportDeclaration(statement)) addDeclarations(names, statement, source)
  }
  // Last, because `export { a as b }` may stand before the declaration of `a`.
  for (const statement of source.statements)
    if (ts.isExportDeclaration(statement)) addExports(names, statement, source)
  return names
}

/** @param {Names} names @param {ts.ImportDeclaration} statement @param {ts.SourceFile} source */
function addImports(names, statement, source) {
  const target = targetOf(statement.moduleSpecifier, source)
  const bindings = statement.importClause?.namedBindings
  if (!target || !bindings || !ts.isNamedImports(bindings)) return
  for (const { name, propertyName } of bindings.elements) {
    const from = { file: target, name: (propertyName ?? name).text }
    names.declared.set(name.text, { ...entryOf(statement, source), from })
  }
}

/** @param {Names} names @param {ts.Statement} statement @param {ts.SourceFile} source */
function addDeclarations(names, statement, source) {
  const nodes = ts.isVariableStatement(statement)
    ? statement.declarationList.declarations
    : [statement]
  const isExported = ts.canHaveModifiers(statement) && hasExport(statement)
  for (const node of nodes) {
    const { name } = /** @type {{ name?: ts.Node }} */ (/** @type {unknown} */ (node))
    if (!name || !ts.isIdentifier(name)) continue
    // An overload or a merged interface may carry the comment for all.
    const entry = names.declared.get(name.text) ?? entryOf(node, source)
    entry.documented ||= isDocumented(node)
    if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node))
      addMembers(entry, node, source)
    names.declared.set(name.text, entry)
    if (isExported) names.exported.set(name.text, entry)
  }
}

/** @param {Entry} entry @param {ts.ClassDeclaration | ts.InterfaceDeclaration} node @param {ts.SourceFile} source */
function addMembers(entry, node, source) {
  for (const member of node.members) {
    if (!callable.has(member.kind) || !member.name || isHidden(member)) continue
    const name = member.name.getText(source)
    const known = entry.members.get(name) ?? entryOf(member, source)
    known.documented ||= isDocumented(member)
    entry.members.set(name, known)
  }
  const [heritage] = node.heritageClauses ?? []
  const [base] = heritage?.token === ts.SyntaxKind.ExtendsKeyword ? heritage.types : []
  if (base && ts.isClassDeclaration(node)) entry.base = base.expression.getText(source)
}

const callable = new Set([
  ts.SyntaxKind.MethodDeclaration,
  ts.SyntaxKind.MethodSignature,
  ts.SyntaxKind.GetAccessor,
  ts.SyntaxKind.SetAccessor,
])

/** What users do not see, and what has the comment of the method it overrides. @param {ts.ClassElement | ts.TypeElement} member */
const isHidden = member =>
  (ts.canHaveModifiers(member) && ts.getModifiers(member)?.some(({ kind }) => hiding.has(kind))) ||
  (member.name && ts.isPrivateIdentifier(member.name)) ||
  ts.getJSDocTags(member).some(({ tagName }) => tagName.text === 'internal')

const hiding = new Set([
  ts.SyntaxKind.PrivateKeyword,
  ts.SyntaxKind.ProtectedKeyword,
  ts.SyntaxKind.OverrideKeyword,
])

/** @param {Names} names @param {ts.ExportDeclaration} statement @param {ts.SourceFile} source */
function addExports(names, statement, source) {
  const { exportClause, moduleSpecifier } = statement
  const target = moduleSpecifier && targetOf(moduleSpecifier, source)
  if (!exportClause) {
    if (target) names.stars.push(target)
  } else if (ts.isNamespaceExport(exportClause)) {
    const from = target ? { file: target, name: null } : undefined
    names.exported.set(exportClause.name.text, { ...entryOf(statement, source), from })
  } else {
    for (const { name, propertyName } of exportClause.elements) {
      const local = (propertyName ?? name).text
      const entry = target
        ? { ...entryOf(statement, source), from: { file: target, name: local } }
        : names.declared.get(local)
      if (entry) names.exported.set(name.text, entry)
    }
  }
}

/** @param {ts.Node} node @param {ts.SourceFile} source @returns {Entry} */
const entryOf = (node, source) => ({
  line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1,
  documented: isDocumented(node),
  members: new Map(),
})

/** A comment of tags alone says nothing of what the thing is. @param {ts.Node} node */
const isDocumented = node =>
  ts
    .getJSDocCommentsAndTags(node)
    .some(part => ts.isJSDoc(part) && Boolean(ts.getTextOfJSDocComment(part.comment)?.trim()))

/** @param {ts.HasModifiers} node */
const hasExport = node =>
  Boolean(ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))

/** The file that a relative import means; nothing for another package. @param {ts.Expression} specifier @param {ts.SourceFile} source */
function targetOf(specifier, source) {
  const target = ts.isStringLiteral(specifier) ? specifier.text : ''
  if (!target.startsWith('.')) return undefined
  return posix.join(posix.dirname(source.fileName), target)
}
