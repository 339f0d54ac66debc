// Everything that is said of a set of runs, in one object: what `--json` prints.

import { summarize, type VariantSummary } from '../summary.ts'
import type { RunRecord } from '../types.ts'
import { analyzeFactors, type FactorAnalysis } from './analysis.ts'
import {
  type HeatMap,
  heatMapOf,
  type Sensitivity,
  type StepsToScore,
  sensitivities,
  stepsToScore,
} from './sweep.ts'

/** The statistics of a study; its names do not change between versions of one `RUN_FORMAT`. */
export interface Study {
  /** The variant that `difference` is to. */
  baseline: string
  variants: VariantSummary[]
  /** One for each score that was recorded; none where runs differ in their seed alone. */
  analyses: FactorAnalysis[]
  sensitivities: Sensitivity[]
  heatMap: HeatMap | null
  stepsToScore: StepsToScore | null
}

/** All statistics of one run or more, compared with the variant `baseline`. Default: the first. */
export function studyOf(runs: readonly RunRecord[], baseline?: string): Study {
  return {
    baseline: baseline ?? runs[0]!.header.name,
    variants: summarize(runs, baseline),
    analyses: analyzeFactors(runs),
    sensitivities: sensitivities(runs),
    heatMap: heatMapOf(runs),
    stepsToScore: stepsToScore(runs),
  }
}
