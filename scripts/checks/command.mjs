// A check that another program makes: it fails when the program does, with what that printed.
import { spawnSync } from 'node:child_process'

/** @import { Check } from './source.mjs' */

const shownLines = 60

/**
 * @param {string} name
 * @param {string[]} args of Node
 * @param {string} rule what a failure breaks, and how to mend it
 * @returns {Check}
 */
export function command(name, args, rule) {
  return {
    name,
    run(root) {
      const { status, stdout, stderr } = spawnSync(process.execPath, args, {
        cwd: root,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      })
      if (status === 0) return { violations: [] }
      const printed = `${stdout ?? ''}${stderr ?? ''}`
        .trim()
        .split('\n')
        .slice(0, shownLines)
        .join('\n')
      return { violations: [{ file: args.join(' '), message: `${rule}\n${printed}` }] }
    },
  }
}
