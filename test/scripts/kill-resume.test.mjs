import { expect, it } from 'vitest'
import { killAndResume } from '../../scripts/kill-resume.mjs'

it('a run that is killed three times ends, to the last bit, as one that is not', async () => {
  /** @type {string[]} */
  const lines = []
  const found = await killAndResume({ kills: 3, seed: 11, log: line => lines.push(line) })
  expect(found).toEqual([])
  expect(lines.filter(line => line.startsWith('kill '))).toHaveLength(3)
  expect(lines.join('\n')).toMatch(/^kill \d: .* after step [3-9]/m)
}, 300_000)
