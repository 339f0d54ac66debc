// What a claim of the documents is, and what became of it. Types, and the one rule of the verdict.
import type { SignalRecord } from '@normfree/runs'
import type { Bench } from './bench.ts'

/** Seconds and minutes are those of two cores. */
export type Scale = 'seconds' | 'minutes'

/**
 * Where an expectation comes from: `paper`, it is printed there; `theory`, a closed form; `code`, the
 * authors' released code or tables; `run`, levels of one draw that were measured once with PyTorch.
 */
export type Basis = 'paper' | 'theory' | 'code' | 'run'

/** A number, one for each stage or place, or words. */
export type Measured = number | readonly number[] | string

/** One expectation beside what was measured. */
export interface Row {
  what: string
  basis: Basis
  /** With its tolerance, as a person reads it. */
  expected: string
  measured: Measured
  holds: boolean
}

/** Signals to be drawn as the figure of the paper. */
export interface Figure {
  signals: readonly SignalRecord[]
  /** Of the variances' axis. */
  scale: 'value' | 'log'
}

/** What running a claim gives. */
export interface Outcome {
  rows: readonly Row[]
  figure?: Figure
  /** What the numbers mean, or why one fails. */
  remarks?: readonly string[]
  /** What the document has wrong although the claim holds as it was meant. */
  slip?: string
}

/** One figure, table or statement that can be run again. */
export interface Claim {
  /** `fig-1`, `table-3`, or a short name: P for the NF-ResNets paper, W for the report, R for the reviews. */
  id: string
  title: string
  /** Document and section. */
  source: string
  scale: Scale
  run(bench: Bench): Outcome | Promise<Outcome>
}

/** `slip`: reproduced, and the document has a mistake in it that the outcome names. */
export type Verdict = 'reproduced' | 'slip' | 'failed'

/** An outcome with all that a report says of it. */
export interface Result extends Outcome {
  id: string
  title: string
  source: string
  scale: Scale
  verdict: Verdict
  /** How long it took. */
  seconds: number
}

/** A claim fails when one of its rows does. */
export function verdictOf({ rows, slip }: Outcome): Verdict {
  if (!rows.every(({ holds }) => holds)) return 'failed'
  return slip === undefined ? 'reproduced' : 'slip'
}
