// `npm run goldens -- DIR`: the set-up, then our models beside golden values of their references.
import { spawnSync } from 'node:child_process'
import { root, setup } from './setup.mjs'

const code = await setup()
process.exitCode = code || compare(process.argv.slice(2))

/** @param {string[]} args a folder of golden files, and names of some @returns {number} the exit code */
function compare(args) {
  const command = ['packages/normfree/dist/goldens/main.js', ...args]
  return spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' }).status ?? 1
}
