// The run-record format, version 1: what a run folder holds. The trainer writes it, plots and
// reports read it, and nobody declares these shapes again. It must stay free of any tensor type.

/** The `format` number this package writes and reads. */
export const RUN_FORMAT = 1

/** A JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** A run's complete configuration, as saved; its schema belongs to the trainer. */
export type RunConfigJson = { [key: string]: Json }

/** What is known of a run when it starts: the content of `run.json`. */
export interface RunHeader {
  format: typeof RUN_FORMAT
  /** Unique within its plan. */
  id: string
  /** The variant, e.g. "batch norm": runs that differ in nothing but the seed share it. */
  name: string
  plan?: string
  seed: number
  /** ISO 8601. */
  created: string
  /** The command line that repeats the run. */
  command: string
  config: RunConfigJson
  environment: Record<string, string | number>
  model: {
    name: string
    parameters: number
    /** Multiply-accumulates of one forward pass of one image. */
    macs?: number
  }
}

/** One optimizer step. */
export interface StepLine {
  kind: 'step'
  step: number
  epoch: number
  loss: number
  lr: number
  gradNorm: number
  /** The fraction 0..1 of units whose gradient was clipped. */
  clipFraction?: number
}

/** The end of one epoch; accuracies are fractions 0..1. */
export interface EpochLine {
  kind: 'epoch'
  /** 1-based. */
  epoch: number
  step: number
  trainLoss: number
  trainAccuracy: number
  testLoss: number
  testAccuracy: number
  /** By the moving average of the weights, where one is kept. */
  emaLoss?: number
  emaAccuracy?: number
  seconds: number
  imagesPerSecond: number
}

/** The signal propagation of the model before the first step or after the last. */
export interface SignalLine {
  kind: 'signal'
  when: 'init' | 'end'
  signal: SignalRecord
}

/** How a run ended. A run without this line was killed or is still going. */
export interface EndLine {
  kind: 'end'
  status: 'completed' | 'diverged' | 'interrupted'
  message?: string
  seconds: number
}

/** One line of `metrics.jsonl`. */
export type MetricLine = StepLine | EpochLine | SignalLine | EndLine

/**
 * Statistics of a tap that are in a record where they were asked for, and where there is something that
 * they can be measured of.
 */
export const OPTIONAL_STATISTICS = [
  'activationMean',
  'pixelNorm',
  'deadFraction',
  'contribution',
  'channelCorrelation',
  'spectralNorm',
  'conditionNumber',
  'effectiveRank',
  'gradientVariance',
  'gradientRatio',
] as const

/** One of them. */
export type OptionalStatistic = (typeof OPTIONAL_STATISTICS)[number]

/** The statistics of the papers' plots. */
export const PAPER_STATISTICS = [
  'channelSquaredMean',
  'channelVariance',
  'residualVariance',
] as const

/** One of the papers'. */
export type PaperStatistic = (typeof PAPER_STATISTICS)[number]

/** Whatever is measured at a tap. */
export type TapStatistic = PaperStatistic | OptionalStatistic

/** The statistics of a signal propagation plot, measured at every block of one model. */
export interface SignalRecord {
  model: string
  /** What went in, e.g. "N(0,1) 3x32x32, batch 128, mean of 3 draws". */
  input: string
  /** The residual scale of a normalizer-free network. */
  alpha?: number
  /** What a reader must know of the measurement, e.g. that the taps are layers. */
  note?: string
  taps: SignalTap[]
}

/** One place where the signal was measured. */
export interface SignalTap extends Partial<Record<OptionalStatistic, number>> {
  /** 0 is the stem. */
  index: number
  /** Dotted module name. */
  name: string
  stage: number
  /** Within its stage; -1 for the stem. */
  block: number
  stageEnd: boolean
  /** Mean over channels of the squared channel mean. */
  channelSquaredMean: number
  /** Mean over channels of the biased channel variance. */
  channelVariance: number
  /** The channel variance of the residual branch; null where there is no branch. */
  residualVariance: number | null
  /** The channel variance that theory expects; null where there is no theory. */
  predictedVariance: number | null
  /** What the operators and kernels of this very model let expect of this input, where that is known. */
  expected?: Partial<Record<PaperStatistic, number>>
  /** The least and the largest over the draws, where there were several. */
  bands?: Partial<Record<TapStatistic, readonly [low: number, high: number]>>
}

/** A run folder read back. */
export interface RunRecord {
  header: RunHeader
  steps: StepLine[]
  epochs: EpochLine[]
  signals: SignalLine[]
  /** Null while the run has not ended, or was killed. */
  end: EndLine | null
}
