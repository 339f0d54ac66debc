// A small repository in a temporary folder, for a check to find a planted breach in.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/**
 * Makes the repository; it is removed when the test ends.
 *
 * @param {Record<string, string>} files text by path
 * @returns {string} its root
 */
export function plantRepository(files) {
  const root = mkdtempSync(join(tmpdir(), 'normfree-check-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const always = {
    'package.json': JSON.stringify({ devDependencies: { vitest: '4' } }),
    ...manifest('torch', '@normfree/torch', []),
    ...manifest('normfree', 'normfree', ['@normfree/torch']),
    ...manifest('runs', '@normfree/runs', []),
  }
  for (const [path, text] of Object.entries({ ...always, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

/** @param {string} folder @param {string} name @param {string[]} dependencies */
export function manifest(folder, name, dependencies) {
  const declared = Object.fromEntries(dependencies.map(dependency => [dependency, '0.1.0']))
  return { [`packages/${folder}/package.json`]: JSON.stringify({ name, dependencies: declared }) }
}

/**
 * What a check says of a repository, one line a breach.
 *
 * @param {import('../../scripts/checks/source.mjs').Check} check
 * @param {Record<string, string>} files
 */
export async function breaches(check, files) {
  const { violations } = await check.run(plantRepository(files))
  return violations.map(({ file, line, message }) => `${file}:${line ?? ''} ${message}`)
}
