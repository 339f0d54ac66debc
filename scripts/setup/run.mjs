// Starts other programs for the set-up. Their output goes to one log file, never to the terminal:
// the user reads one line a step, and the log's path when a step fails.
import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'

const maxOutput = 256 * 1024 * 1024

/**
 * Runs a command to its end and appends what it printed to `log`. Never throws: a command that
 * cannot be started has status null.
 *
 * @param {string} log
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined> }} [options]
 */
export function runLogged(log, command, args, { cwd, env } = {}) {
  appendFileSync(log, `\n$ ${command} ${args.join(' ')}\n`)
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: maxOutput,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  appendFileSync(log, `${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}`)
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' }
}
