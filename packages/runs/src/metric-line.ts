// One line of `metrics.jsonl`: JSON to a checked MetricLine. Unknown fields are dropped.
import { RecordSource } from './source.ts'
import {
  type EndLine,
  type EpochLine,
  type MetricLine,
  OPTIONAL_STATISTICS,
  PAPER_STATISTICS,
  type SignalLine,
  type SignalTap,
  type StepLine,
  type TapStatistic,
} from './types.ts'

/** @throws RunRecordError where `text` is no metric line; `where` is its file and line. */
export function readMetricLine(text: string, where: string): MetricLine {
  const source = RecordSource.parse(text, where)
  const kind = source.oneOf('kind', ['step', 'epoch', 'signal', 'end'])
  return readers[kind](source)
}

const readers = { step: readStep, epoch: readEpoch, signal: readSignal, end: readEnd }

function readStep(source: RecordSource): StepLine {
  const clipFraction = source.optionalNumber('clipFraction')
  return {
    kind: 'step',
    step: source.number('step'),
    epoch: source.number('epoch'),
    loss: source.number('loss'),
    lr: source.number('lr'),
    gradNorm: source.number('gradNorm'),
    ...(clipFraction !== undefined && { clipFraction }),
  }
}

function readEpoch(source: RecordSource): EpochLine {
  const emaLoss = source.optionalNumber('emaLoss')
  const emaAccuracy = source.optionalNumber('emaAccuracy')
  return {
    kind: 'epoch',
    epoch: source.number('epoch'),
    step: source.number('step'),
    trainLoss: source.number('trainLoss'),
    trainAccuracy: source.number('trainAccuracy'),
    testLoss: source.number('testLoss'),
    testAccuracy: source.number('testAccuracy'),
    ...(emaLoss !== undefined && { emaLoss }),
    ...(emaAccuracy !== undefined && { emaAccuracy }),
    seconds: source.number('seconds'),
    imagesPerSecond: source.number('imagesPerSecond'),
  }
}

function readSignal(source: RecordSource): SignalLine {
  const signal = source.object('signal')
  const alpha = signal.optionalNumber('alpha')
  const note = signal.optionalText('note')
  return {
    kind: 'signal',
    when: source.oneOf('when', ['init', 'end']),
    signal: {
      model: signal.text('model'),
      input: signal.text('input'),
      ...(alpha !== undefined && { alpha }),
      ...(note !== undefined && { note }),
      taps: signal.list('taps', readTap),
    },
  }
}

function readTap(source: RecordSource): SignalTap {
  return {
    index: source.number('index'),
    name: source.text('name'),
    stage: source.number('stage'),
    block: source.number('block'),
    stageEnd: source.flag('stageEnd'),
    channelSquaredMean: source.number('channelSquaredMean'),
    channelVariance: source.number('channelVariance'),
    residualVariance: source.nullableNumber('residualVariance'),
    predictedVariance: source.nullableNumber('predictedVariance'),
    ...known(OPTIONAL_STATISTICS, name => source.optionalNumber(name)),
    ...(source.has('expected') && { expected: readExpected(source.object('expected')) }),
    ...(source.has('bands') && { bands: readBands(source.object('bands')) }),
  }
}

const readExpected = (source: RecordSource): NonNullable<SignalTap['expected']> =>
  known(PAPER_STATISTICS, name => source.optionalNumber(name))

const BANDED: readonly TapStatistic[] = [...PAPER_STATISTICS, ...OPTIONAL_STATISTICS]

const readBands = (source: RecordSource): NonNullable<SignalTap['bands']> =>
  known(BANDED, name => (source.has(name) ? source.pair(name) : undefined))

/** The fields of `names` that `read` finds. */
function known<K extends string, V>(
  names: readonly K[],
  read: (name: K) => V | undefined,
): Partial<Record<K, V>> {
  const found = names.flatMap((name): [K, V][] => {
    const value = read(name)
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(found) as Partial<Record<K, V>>
}

function readEnd(source: RecordSource): EndLine {
  const message = source.optionalText('message')
  return {
    kind: 'end',
    status: source.oneOf('status', ['completed', 'diverged', 'interrupted']),
    ...(message !== undefined && { message }),
    seconds: source.number('seconds'),
  }
}
