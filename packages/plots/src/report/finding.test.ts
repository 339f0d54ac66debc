import { type RunRecord, summarize } from '@normfree/runs'
import { describe, expect, it } from 'vitest'
import { runOf } from '../testing.ts'
import { findingOf } from './finding.ts'

// Runs of a variant with exactly these final accuracies, one seed each.
function runsOf(name: string, ...accuracies: number[]): RunRecord[] {
  return accuracies.map((accuracy, seed) => {
    const run = runOf({ name, model: 'resnet20', accuracy, seed })
    run.epochs.at(-1)!.testAccuracy = accuracy
    return run
  })
}

function diverged(name: string): RunRecord {
  return runOf({ name, model: 'resnet20_nonorm', accuracy: 0.1, divergesAfter: 2 })
}

const find = (...runs: RunRecord[]) => findingOf(summarize(runs))

describe('findingOf', () => {
  it('names the winner, the gap and the spread where the seeds do not overlap', () => {
    const runs = [...runsOf('plain', 0.79, 0.8), ...runsOf('batch norm', 0.84, 0.85)]
    expect(find(...runs)).toEqual({
      headline:
        'Batch norm reached the highest test accuracy, 84.50 ± 0.71%, 5.00 points above plain ' +
        '(79.50 ± 0.71%): each of its 2 seeds is above every seed of plain.',
      caveats: [],
    })
  })

  it('calls variants level whose seeds overlap, and names the next one', () => {
    const { headline } = find(
      ...runsOf('batch norm', 0.84, 0.86),
      ...runsOf('normalizer-free', 0.845, 0.85),
      ...runsOf('plain', 0.79, 0.8),
    )
    expect(headline).toBe(
      'Batch norm (85.00 ± 1.41%) and normalizer-free (84.75 ± 0.35%) are level in test ' +
        'accuracy: their seeds overlap; next is plain (79.50 ± 0.71%).',
    )
  })

  it('says with one seed that the spread is unknown', () => {
    const { headline, caveats } = find(...runsOf('a', 0.85), ...runsOf('b', 0.84))
    expect(headline).toBe(
      'A reached the highest test accuracy, 85.00%, 1.00 points above b (84.00%).',
    )
    expect(caveats).toEqual([
      'Every variant completed with one seed only: the spread is unknown, and a small gap may be chance.',
    ])
  })

  it('makes no winner of equal accuracies', () => {
    const { headline } = find(...runsOf('a', 0.85), ...runsOf('b', 0.85))
    expect(headline).toBe('A (85.00%) and b (85.00%) are level in test accuracy.')
  })

  it('tells of a single variant without a comparison', () => {
    expect(find(...runsOf('a', 0.85)).headline).toBe('A reached 85.00% test accuracy.')
    expect(find(...runsOf('a', 0.85), diverged('b')).headline).toBe(
      'A reached 85.00% test accuracy and is the only variant that completed.',
    )
  })

  it('counts the runs that did not complete, with what they said', () => {
    const { headline, caveats } = find(diverged('no norm'))
    expect(headline).toBe('No run completed, so there is no accuracy to compare.')
    expect(caveats).toEqual([
      'No norm: 1 of 1 diverged (loss is NaN at step 787: first in stages.2.0).',
    ])
  })
})
