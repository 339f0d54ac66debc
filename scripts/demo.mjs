// `npm run demo`: the set-up, then the main job on the embedded data, or on what --data names.
import { spawnSync } from 'node:child_process'
import { root, setup } from './setup.mjs'

const code = await setup()
process.exitCode = code || runDemo(process.argv.slice(2))

/** @param {string[]} args handed on to `normfree ablate` @returns {number} the exit code */
function runDemo(args) {
  const command = ['packages/cli/dist/main.js', 'ablate', 'recipes/demo.yaml', ...args]
  return spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' }).status ?? 1
}
