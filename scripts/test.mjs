// `npm test`: the set-up, the checks, the tests. The last line printed is always the verdict,
// `N passed, N failed, N skipped`, whatever went wrong before it.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readJsonIfWhole } from './setup/files.mjs'
import { root, setup } from './setup.mjs'

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @param {string[]} args handed on to Vitest
 * @returns {Promise<number>} the exit code
 */
async function test(args) {
  const setupCode = await setup()
  if (setupCode) return report({ passed: 0, failed: 1, skipped: 0 }, setupCode)
  // Only now: the checks need packages that the set-up installs.
  const { check } = await import('./check.mjs')
  const checks = await check()
  const tests = runVitest(args)
  const counts = {
    passed: checks.passed + tests.passed,
    failed: checks.failed + tests.failed,
    skipped: tests.skipped,
  }
  return report(counts, counts.failed ? 1 : 0)
}

/** @param {Counts} counts @param {number} exitCode */
function report({ passed, failed, skipped }, exitCode) {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  return exitCode
}

/** @param {string[]} args @returns {Counts} */
function runVitest(args) {
  const results = join(root, 'build/vitest.json')
  rmSync(results, { force: true })
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${results}`,
      ...args,
    ],
    { cwd: root, stdio: 'inherit' },
  )
  return countTests(readJsonIfWhole(results), status)
}

/**
 * @param {any} results what Vitest's JSON reporter wrote, if it did
 * @param {number | null} status Vitest's exit code
 * @returns {Counts}
 */
export function countTests(results, status) {
  if (!results) return { passed: 0, failed: 1, skipped: 0 }
  // A file that does not even load has no test that could fail: it counts as one itself.
  const broken = results.testResults.filter(
    (/** @type {any} */ file) => file.status === 'failed' && !file.assertionResults.length,
  ).length
  const failed = results.numFailedTests + broken
  return {
    passed: results.numPassedTests,
    // Vitest also fails for what belongs to no test, such as an unhandled rejection.
    failed: failed || (status === 0 ? 0 : 1),
    skipped: results.numPendingTests + results.numTodoTests,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await test(process.argv.slice(2))
}
