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
  it('names the winner with the interval of the gap where that leaves no doubt', () => {
    const runs = [...runsOf('plain', 0.79, 0.8, 0.78), ...runsOf('batch norm', 0.84, 0.85, 0.835)]
    expect(find(...runs)).toEqual({
      headline:
        'Batch norm reached the highest test accuracy, 84.17 ± 0.76%, 5.17 points above plain ' +
        '(79.00 ± 1.00%): 95% interval 4.45 to 5.88 points over 3 common seeds.',
      caveats: [],
    })
  })

  it('calls variants level whose difference may be 0, and names the next one', () => {
    const { headline } = find(
      ...runsOf('batch norm', 0.84, 0.86, 0.85),
      ...runsOf('normalizer-free', 0.845, 0.85, 0.85),
      ...runsOf('plain', 0.79, 0.8, 0.78),
    )
    expect(headline).toBe(
      'Batch norm (85.00 ± 1.00%) and normalizer-free (84.83 ± 0.29%) are level in test ' +
        'accuracy: the seeds do not tell them apart; next is plain (79.00 ± 1.00%).',
    )
  })

  it('does not name every variant of a sweep that is level', () => {
    const variants = ['a', 'b', 'c', 'd', 'e', 'f'].flatMap(name => runsOf(name, 0.8, 0.82, 0.81))
    expect(find(...variants).headline).toBe(
      'A reached the highest test accuracy, 81.00 ± 1.00%, level with 5 other variants: the ' +
        'seeds do not tell them apart.',
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

  it('does not list every variant of a sweep that diverged', () => {
    const { caveats } = find(...['a', 'b', 'c', 'd', 'e'].map(diverged), ...runsOf('f', 0.8, 0.81))
    expect(caveats).toEqual([
      '5 of 7 runs, of 5 variants, did not complete: the results say which.',
    ])
  })

  it('counts the runs that did not complete, with what they said', () => {
    const { headline, caveats } = find(diverged('no norm'))
    expect(headline).toBe('No run completed, so there is no accuracy to compare.')
    expect(caveats).toEqual([
      'No norm: 1 of 1 diverged (loss is NaN at step 787: first in stages.2.0).',
    ])
  })
})
