// `npm run goldens -- DIR [NAME...]`: holds the models to golden values of their reference
// implementations and prints the worst relative error of each aspect. Exits with 1 on a mismatch.
import { fileURLToPath } from 'node:url'
import {
  ASPECTS,
  compareGolden,
  passes,
  readGoldens,
} from '../packages/normfree/dist/goldens/index.js'
import { ArgumentError } from '../packages/torch/dist/index.js'

/** @import { Comparison, NamedGolden } from '../packages/normfree/src/goldens/index.ts' */

const usage = `Usage: npm run goldens -- DIR [NAME...]

Compares the registry's models with the golden files (*.json) of DIR, or with those of the given
names, and prints per model the worst relative error of each aspect; "=" where names, shapes or
counts agree. Exits with 1 on a mismatch.`

/** @param {readonly string[]} args @returns {number} the exit code */
export function goldens([folder, ...names]) {
  if (folder === undefined || folder.startsWith('-')) {
    console.error(usage)
    return folder === '--help' ? 0 : 2
  }
  const chosen = choose(readGoldens(folder), names)
  const width = Math.max(5, ...chosen.map(({ name }) => name.length))
  console.log(['model'.padEnd(width), ...ASPECTS.map(aspect => aspect.padStart(10))].join(' '))
  const failures = chosen.flatMap(({ name, golden }) => {
    const { cells, faults } = row(golden)
    console.log([name.padEnd(width), ...cells.map(cell => cell.padStart(10))].join(' '))
    for (const fault of faults) console.log(`  ${fault}`)
    return faults.length ? [name] : []
  })
  const verdict = failures.length ? `${failures.length} failed: ${failures.join(', ')}` : '0 failed'
  console.log(`${chosen.length - failures.length} passed, ${verdict}`)
  return failures.length ? 1 : 0
}

/** @param {NamedGolden[]} all @param {readonly string[]} names */
function choose(all, names) {
  if (names.length === 0) return all
  return names.map(name => {
    const found = all.find(golden => golden.name === name)
    if (found) return found
    throw new ArgumentError(
      `Expected the name of a golden file (${all.map(golden => golden.name).join(', ')}) but received "${name}".`,
    )
  })
}

/** @param {NamedGolden['golden']} golden */
function row(golden) {
  try {
    const comparison = compareGolden(golden)
    return { cells: ASPECTS.map(aspect => cell(comparison[aspect])), faults: faultsOf(comparison) }
  } catch (error) {
    return { cells: ASPECTS.map(() => '-'), faults: [/** @type {Error} */ (error).message] }
  }
}

/** @param {Comparison[keyof Comparison]} deviation */
function cell(deviation) {
  if (!deviation) return '-'
  if (deviation.tolerance > 0) return deviation.error.toExponential(1)
  return deviation.error === 0 ? '=' : 'differ'
}

/** @param {Comparison} comparison */
function faultsOf(comparison) {
  if (passes(comparison)) return []
  return ASPECTS.flatMap(aspect => {
    const deviation = comparison[aspect]
    if (!deviation || deviation.error <= deviation.tolerance) return []
    const bound = deviation.tolerance > 0 ? ` (at most ${deviation.tolerance})` : ''
    return [`${aspect}${bound}: ${deviation.where}`]
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = goldens(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error
    console.error(error.message)
    process.exitCode = 2
  }
}
