// One line of `metrics.jsonl`: JSON to a checked MetricLine. Unknown fields are dropped.
import { RecordSource } from './source.ts'
import type { EndLine, EpochLine, MetricLine, SignalLine, SignalTap, StepLine } from './types.ts'

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
  return {
    kind: 'epoch',
    epoch: source.number('epoch'),
    step: source.number('step'),
    trainLoss: source.number('trainLoss'),
    trainAccuracy: source.number('trainAccuracy'),
    testLoss: source.number('testLoss'),
    testAccuracy: source.number('testAccuracy'),
    seconds: source.number('seconds'),
    imagesPerSecond: source.number('imagesPerSecond'),
  }
}

function readSignal(source: RecordSource): SignalLine {
  const signal = source.object('signal')
  const alpha = signal.optionalNumber('alpha')
  return {
    kind: 'signal',
    when: source.oneOf('when', ['init', 'end']),
    signal: {
      model: signal.text('model'),
      input: signal.text('input'),
      ...(alpha !== undefined && { alpha }),
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
  }
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
