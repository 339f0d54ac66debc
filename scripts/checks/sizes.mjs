// Small files; and a native half that stays small because it knows no operator by name.
import { countLines, handwrittenFiles, lineAt, read, withoutComments } from './source.mjs'

/** @import { Check, Violation } from './source.mjs' */

const warnAbove = 400
const failAbove = 800
const nativeFileMax = 400
const nativeTotalMax = 1500

const folders = ['packages', 'scripts', 'test', 'examples', 'bench', 'recipes']
const code = /\.(ts|mjs|cc|h|cu|py)$/
const native = /^packages\/torch\/native\/.*\.(cc|h|cu)$/

/**
 * The native files that may name an operator of ATen, each with its reason.
 *
 * @type {Readonly<Record<string, string>>}
 */
const mayNameOperators = {}

/** @type {Check} */
export const sizes = {
  name: 'sizes',
  run(root) {
    const files = folders.flatMap(folder => handwrittenFiles(root, folder, code))
    const sized = files.map(file => ({ file, lines: countLines(read(root, file)) }))
    const long = sized.filter(({ lines }) => lines > warnAbove)
    return {
      violations: [
        ...long.filter(({ lines }) => lines > failAbove).map(tooLong(failAbove)),
        ...checkNative(sized.filter(({ file }) => native.test(file))),
        ...operatorNames(root, files),
      ],
      warnings: long.filter(({ lines }) => lines <= failAbove).map(tooLong(warnAbove)),
      summary: `${files.length} files`,
    }
  },
}

/** @param {number} most @returns {(sized: { file: string, lines: number }) => Violation} */
function tooLong(most) {
  return ({ file, lines }) => ({ file, message: `has ${lines} lines, more than ${most}: split it` })
}

/** @param {{ file: string, lines: number }[]} sized @returns {Violation[]} */
function checkNative(sized) {
  const total = sized.reduce((sum, { lines }) => sum + lines, 0)
  const violations = sized.filter(({ lines }) => lines > nativeFileMax).map(tooLong(nativeFileMax))
  if (total > nativeTotalMax) {
    const message = `the native code has ${total} lines, more than ${nativeTotalMax}: move it to TypeScript`
    violations.push({ file: 'packages/torch/native', message })
  }
  return violations
}

/** @param {string} root @param {string[]} files @returns {Violation[]} */
function operatorNames(root, files) {
  return files
    .filter(file => native.test(file) && !(file in mayNameOperators))
    .flatMap(file => {
      const text = withoutComments(read(root, file))
      return [...text.matchAll(/aten::\w+/g)].map(match => ({
        file,
        line: lineAt(text, match.index),
        message: `names ${match[0]}: operators are looked up by the schema, never known here`,
      }))
    })
}
