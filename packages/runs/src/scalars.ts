// What a metric line says as named numbers, for tools that draw curves. One place names them, so that
// TensorBoard and MLflow show the same.
import type { EpochLine, MetricLine, SignalLine, StepLine } from './types.ts'

/** Named numbers at one step. */
export interface Scalars {
  /** Optimizer steps done. */
  readonly step: number
  /** Names with slashes, e.g. `train/loss`. */
  readonly values: readonly (readonly [name: string, value: number])[]
}

/**
 * The numbers of `line`: `train/loss`, `train/lr`, `test/accuracy`, `signal/layer1.0/variance` and so on;
 * null for a line that belongs on no curve. The signals of a run's start and end are measured on other
 * inputs than those between them, and are left out.
 */
export function scalarsOf(line: MetricLine): Scalars | null {
  switch (line.kind) {
    case 'step':
      return { step: line.step, values: ofStep(line) }
    case 'epoch':
      return { step: line.step, values: ofEpoch(line) }
    case 'signal':
      return line.step === undefined ? null : { step: line.step, values: ofSignal(line) }
    default:
      return null
  }
}

type Named = readonly (readonly [name: string, value: number | null | undefined])[]

const present = (named: Named): [string, number][] =>
  named.flatMap(([name, value]): [string, number][] => (value == null ? [] : [[name, value]]))

const ofStep = ({ loss, lr, gradNorm, clipFraction }: StepLine) =>
  present([
    ['train/loss', loss],
    ['train/lr', lr],
    ['train/grad_norm', gradNorm],
    ['train/clip_fraction', clipFraction],
  ])

const ofEpoch = (line: EpochLine) =>
  present([
    ['train/epoch_loss', line.trainLoss],
    ['train/accuracy', line.trainAccuracy],
    ['train/images_per_second', line.imagesPerSecond],
    ['train/wait_share', line.waitShare],
    ['train/skipped', line.skipped],
    ['test/loss', line.testLoss],
    ['test/accuracy', line.testAccuracy],
    ['ema/loss', line.emaLoss],
    ['ema/accuracy', line.emaAccuracy],
    ...Object.entries(line.testMetrics ?? {}).map(
      ([name, value]) => [`test/${name}`, value] as const,
    ),
  ])

const ofSignal = ({ signal }: SignalLine) =>
  signal.taps.flatMap(tap =>
    present([
      [`signal/${tap.name}/variance`, tap.channelVariance],
      [`signal/${tap.name}/squared_mean`, tap.channelSquaredMean],
      [`signal/${tap.name}/residual_variance`, tap.residualVariance],
      [`signal/${tap.name}/dead_fraction`, tap.deadFraction],
      [`signal/${tap.name}/condition_number`, tap.conditionNumber],
      [`signal/${tap.name}/spectral_norm`, tap.spectralNorm],
    ]),
  )
