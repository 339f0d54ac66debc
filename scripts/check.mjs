// The checks that need no running of our code: format, lint, direction of imports, sizes, named
// errors, fresh generated code, public surface, doc comments. One line a check; a new one is a line in
// `checks`.
import { fileURLToPath } from 'node:url'
import { command } from './checks/command.mjs'
import { documented } from './checks/documented.mjs'
import { errors } from './checks/errors.mjs'
import { imports } from './checks/imports.mjs'
import { sizes } from './checks/sizes.mjs'
import { surface, updateSurface } from './checks/surface.mjs'
import { root } from './setup.mjs'

/** @import { Check, Violation } from './checks/source.mjs' */

/** @type {readonly Check[]} */
const checks = [
  command(
    'format, lint',
    ['node_modules/@biomejs/biome/bin/biome', 'check', '--reporter=concise', '--colors=off'],
    'breaks the format or the lint rules: `npm run format` mends what can be mended by itself',
  ),
  imports,
  sizes,
  errors,
  command(
    'generated',
    ['packages/torch/dist-codegen/main.js', '--check'],
    'the generated code is not what the generator writes now',
  ),
  surface,
  documented,
]

/**
 * Runs every check and prints its line.
 *
 * @param {readonly Check[]} [list]
 * @param {string} [folder] the repository
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function check(list = checks, folder = root) {
  let failed = 0
  for (const { name, run } of list) {
    const start = performance.now()
    const { violations, warnings = [], summary } = await run(folder)
    const time = `${((performance.now() - start) / 1000).toFixed(1)} s`
    const verdict = violations.length ? 'FAILED' : 'ok'
    console.log(`${name.padEnd(12)} ${[verdict, summary].filter(Boolean).join(': ')}  ${time}`)
    for (const violation of violations) console.log(indent(place(violation)))
    for (const warning of warnings) console.log(indent(`warning: ${place(warning)}`))
    if (violations.length) failed++
  }
  return { passed: list.length - failed, failed }
}

/** @param {Violation} violation */
function place({ file, line, message }) {
  return `${line ? `${file}:${line}` : file}: ${message}`
}

/** @param {string} text */
const indent = text => text.replace(/^/gm, '  ')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--update')) updateSurface(root)
  const { failed } = await check()
  process.exitCode = failed ? 1 : 0
}
