// What a claim of the documents is, and what became of it. Types, and the one rule of the verdict.
import type { SignalRecord } from '@normfree/runs'
import type { Bench } from './bench.ts'

/** Seconds and minutes are those of two cores. */
export type ClaimScale = 'seconds' | 'minutes'

/**
 * Where an expectation comes from: `paper`, it is printed there; `theory`, a closed form; `code`, the
 * authors' released code or tables; `run`, levels of one draw that were measured once with PyTorch.
 */
export type Basis = 'paper' | 'theory' | 'code' | 'run'

/** A number, one for each stage or place, or words. */
export type Measured = number | readonly number[] | string

/** One expectation beside what was measured. */
export interface ClaimRow {
  what: string
  basis: Basis
  /** With its tolerance, as a person reads it. */
  expected: string
  measured: Measured
  holds: boolean
}

/** Signals to be drawn as the figure of the paper. */
export interface ClaimFigure {
  signals: readonly SignalRecord[]
  /** Of the vertical axes. */
  scale: 'value' | 'log'
  /** Names of the nets of all figures, in the order of their colours. */
  palette: readonly string[]
}

/** What running a claim gives. */
export interface ClaimOutcome {
  rows: readonly ClaimRow[]
  figure?: ClaimFigure
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
  scale: ClaimScale
  /** Measures and compares; draws from the default random stream, which starts at the bench's seed. */
  run(bench: Bench): ClaimOutcome | Promise<ClaimOutcome>
}

/** `slip`: reproduced, and the document has a mistake in it that the outcome names. */
export type Verdict = 'reproduced' | 'slip' | 'failed'

/** An outcome with all that a report says of it. */
export interface ClaimResult extends ClaimOutcome {
  id: string
  title: string
  source: string
  scale: ClaimScale
  verdict: Verdict
  /** How long it took. */
  seconds: number
}

/** A claim fails when one of its rows does. */
export function verdictOf({ rows, slip }: ClaimOutcome): Verdict {
  if (!rows.every(({ holds }) => holds)) return 'failed'
  return slip === undefined ? 'reproduced' : 'slip'
}
