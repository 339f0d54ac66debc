import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { readFlags } from '../../scripts/flags.mjs'

const defaults = { rounds: 9, seed: 0, precision: ['float32', 'bfloat16'], out: '', json: false }

/** What a benchmark prints and exits with before it measures anything. @param {string[]} args */
const bench = (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bench/resnet20.mjs', ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

describe('readFlags', () => {
  it('gives the defaults of flags that are left out, the first text of a list', () => {
    const usual = { rounds: 9, seed: 0, precision: 'float32', out: '', json: false }
    expect(readFlags('', defaults, [])).toMatchObject(usual)
  })

  it('gives values of the kinds of their defaults', () => {
    const args = '--rounds 3 --seed 0 --precision bfloat16 --out a --json'.split(' ')
    const given = { rounds: 3, seed: 0, precision: 'bfloat16', out: 'a', json: true }
    expect(readFlags('', defaults, args)).toMatchObject(given)
  })

  it('prints the help that a script gives it', () => {
    const { status, stdout, stderr } = bench('--help')
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Usage: node bench\/resnet20\.mjs /)
  })

  it.each([
    [['--nope'], "Unknown option '--nope'. See --help."],
    [['--rounds', '0'], 'Expected a whole number >= 1 for --rounds but received "0". See --help.'],
    [['--steps', 'x'], 'Expected a whole number >= 1 for --steps but received "x". See --help.'],
    [
      ['--precision', 'half'],
      'Expected float32 or bfloat16 for --precision but received "half". See --help.',
    ],
  ])('refuses %j in one line, with exit code 2', (args, line) => {
    expect(bench(...args)).toEqual({ status: 2, stdout: '', stderr: `${line}\n` })
  })
})
