// Made-up runs for the tests of this package, shaped like real ones; it is not published.
// Everything is computed from the arguments: equal calls give equal records.
import { join } from 'node:path'
import type { EpochLine, RunRecord, SignalRecord, SignalTap } from '@normfree/runs'

const BLOCKS_PER_STAGE = 3

/** The signal of a made-up CIFAR ResNet with nine blocks in three stages. */
export function signalOf(model: string, changes: Partial<SignalRecord> = {}): SignalRecord {
  const tap = signalKinds[model] ?? signalKinds.nf_resnet20!
  const taps = Array.from({ length: 1 + 3 * BLOCKS_PER_STAGE }, (_, index) => ({
    ...placeOf(index),
    ...tap(index),
  }))
  return { model, input: 'N(0,1) 3x32x32, batch 128, mean of 3 draws', taps, ...changes }
}

type Statistics = Omit<SignalTap, keyof ReturnType<typeof placeOf>>

function placeOf(index: number) {
  const block = index === 0 ? -1 : (index - 1) % BLOCKS_PER_STAGE
  const stage = index === 0 ? 0 : Math.floor((index - 1) / BLOCKS_PER_STAGE)
  const name = index === 0 ? 'stem' : `stages.${stage}.${block}`
  return { index, name, stage, block, stageEnd: block === BLOCKS_PER_STAGE - 1 }
}

const signalKinds: Record<string, (index: number) => Statistics> = {
  resnet20(index) {
    const depth = (index - 1) % BLOCKS_PER_STAGE
    return {
      channelSquaredMean: index === 0 ? 0.32 : 0.32 + 0.21 * depth,
      channelVariance: index === 0 ? 0.68 : 0.69 + 0.45 * depth + 0.02 * wobble(index),
      residualVariance: index === 0 ? null : 1 + 0.004 * wobble(index),
      predictedVariance: null,
    }
  },
  resnet20_nonorm(index) {
    return {
      channelSquaredMean: 0.9 * 2.4 ** index,
      channelVariance: 0.7 * 1.9 ** index,
      residualVariance: index === 0 ? null : 0.6 * 1.88 ** index,
      predictedVariance: null,
    }
  },
  nf_resnet20(index) {
    const predicted = index === 0 ? 1 : 1 + 0.04 * (((index - 1) % BLOCKS_PER_STAGE) + 1)
    return {
      channelSquaredMean: 0.004 + 0.001 * wobble(index),
      channelVariance: predicted * (1 + 0.03 * wobble(index)),
      residualVariance: index === 0 ? null : 0.96 + 0.02 * wobble(index),
      predictedVariance: index === 0 ? null : predicted,
    }
  },
}

/** What {@link runOf} needs to know. */
export interface RunSketch {
  name: string
  model: string
  seed?: number
  epochs?: number
  /** Test accuracy that the run comes near to. */
  accuracy: number
  /** The epoch after which the loss is NaN. */
  divergesAfter?: number
  config?: RunRecord['header']['config']
}

/** A run with curves like real ones, and its signals. */
export function runOf(sketch: RunSketch): RunRecord {
  const { model, seed = 0, epochs = 15, divergesAfter = Number.POSITIVE_INFINITY } = sketch
  const diverged = divergesAfter < epochs
  const lines = Array.from({ length: Math.min(epochs, divergesAfter) }, (_, index) =>
    epochOf(index + 1, epochs, sketch.accuracy, seed),
  )
  const signal = { ...signalOf(model), model }
  return {
    header: headerOf(sketch, seed),
    steps: [],
    epochs: lines,
    signals: [
      { kind: 'signal', when: 'init', signal },
      ...(diverged ? [] : [{ kind: 'signal', when: 'end', signal: trained(signal) } as const]),
    ],
    end: diverged
      ? {
          kind: 'end',
          status: 'diverged',
          message: `loss is NaN at step ${divergesAfter * 390 + 7}: first in stages.2.0`,
          seconds: 60,
        }
      : { kind: 'end', status: 'completed', seconds: 28 * epochs },
  }
}

/** Four variants, three seeds each; one of them diverges once. */
export function comparison(): RunRecord[] {
  return [0, 1, 2].flatMap(seed => comparisonOfSeed(seed)).sort((a, b) => order(a) - order(b))
}

/** The four variants of one seed. */
export function comparisonOfSeed(seed: number): RunRecord[] {
  const clip = { kind: 'agc', factor: 0.01, eps: 0.001, exclude: ['fc'] }
  return [
    runOf({ name: 'batch norm', model: 'resnet20', seed, accuracy: 0.848 }),
    runOf({
      name: 'no norm',
      model: 'resnet20_nonorm',
      seed,
      accuracy: 0.792,
      ...(seed === 1 && { divergesAfter: 4 }),
    }),
    runOf({
      name: 'no norm + AGC 0.01',
      model: 'resnet20_nonorm',
      seed,
      accuracy: 0.81,
      config: { clip },
    }),
    runOf({ name: 'normalizer-free', model: 'nf_resnet20', seed, accuracy: 0.846 }),
  ]
}

/**
 * A sweep of batch size and clipping factor with three seeds: accuracy falls with the batch size, and
 * the larger the batch, the smaller the best factor. The largest of both diverge, once or always.
 */
export function sweep(model = 'resnet20_nonorm'): RunRecord[] {
  return [32, 64, 128, 256, 512].flatMap((batchSize, i) =>
    [0.01, 0.04, 0.16, 0.64].flatMap((factor, j) =>
      [0, 1, 2].map(seed => sweepRun(model, batchSize, factor, seed, { i, j })),
    ),
  )
}

function sweepRun(
  model: string,
  batchSize: number,
  factor: number,
  seed: number,
  { i, j }: { i: number; j: number },
): RunRecord {
  const diverges = i + j === 7 || (i + j === 6 && seed === 1)
  const run = runOf({
    name: `${model}, batchSize ${batchSize}, clip.factor ${factor}`,
    model,
    seed,
    accuracy: 0.84 - 0.035 * i - 0.012 * Math.abs(3 - j - 0.6 * i),
    config: { model, batchSize, clip: { kind: 'agc', factor } },
    ...(diverges && { divergesAfter: 3 }),
  })
  run.header.plan = 'sweep'
  run.epochs = run.epochs.map(line => ({
    ...line,
    step: line.epoch * Math.floor(50_000 / batchSize),
  }))
  return run
}

function order(run: RunRecord): number {
  const names = ['batch norm', 'no norm', 'no norm + AGC 0.01', 'normalizer-free']
  return names.indexOf(run.header.name) * 10 + run.header.seed
}

function headerOf(sketch: RunSketch, seed: number): RunRecord['header'] {
  return {
    format: 1,
    id: `${sketch.name.replaceAll(/[^a-z0-9]+/gi, '-')}-${seed}`,
    name: sketch.name,
    plan: 'demo',
    seed,
    created: `2026-01-02T0${seed + 3}:04:05.000Z`,
    command: 'normfree ablate recipes/demo.yaml --out runs/demo',
    config: {
      data: 'folder:../shared/data/cifar10-jpeg.tar.gz',
      model: sketch.model,
      epochs: sketch.epochs ?? 15,
      batchSize: 128,
      optimizer: {
        lr: sketch.model === 'resnet20_nonorm' ? 0.05 : 0.1,
        momentum: 0.9,
        nesterov: true,
        weightDecay: 5e-4,
      },
      schedule: { warmupEpochs: 1, finalLr: 0 },
      labelSmoothing: 0.1,
      clip: { kind: 'none' },
      augment: { crop: 4, flip: true },
      precision: 'auto',
      seed,
      ...sketch.config,
    },
    environment: {
      node: '20.20.0',
      libtorch: '1.13.1',
      cpu: 'x86-64, 2 cores, AVX-512',
      threads: 2,
    },
    model: {
      name: sketch.model,
      parameters: sketch.model === 'resnet20' ? 272_474 : 271_123,
      macs: 40_550_000,
    },
  }
}

function epochOf(epoch: number, epochs: number, accuracy: number, seed: number): EpochLine {
  const progress = 1 - Math.exp((-4 * epoch) / epochs)
  const noise =
    wobble(epoch * 3 + seed * 7) * 0.02 * (1 - epoch / epochs) +
    wobble(seed * 5 + accuracy * 1000) * 0.008
  return {
    kind: 'epoch',
    epoch,
    step: epoch * 390,
    trainLoss: 2.3 - 1.5 * progress * accuracy - noise,
    trainAccuracy: 0.1 + (accuracy + 0.02) * progress * 0.95 + noise / 2,
    testLoss: 2.3 - 1.45 * progress * accuracy - noise,
    testAccuracy: 0.1 + (accuracy - 0.1) * progress * 1.0187 + noise,
    seconds: 28 + wobble(epoch),
    imagesPerSecond: (epoch === 1 ? 900 : 1800) + 20 * wobble(epoch + seed),
  }
}

// Training moves the means away from zero and the variances up.
function trained(signal: SignalRecord): SignalRecord {
  return {
    ...signal,
    taps: signal.taps.map(tap => ({
      ...tap,
      channelSquaredMean: tap.channelSquaredMean * 1.5 + 0.05,
      channelVariance: tap.channelVariance * (1.2 + 0.1 * wobble(tap.index)),
      residualVariance: tap.residualVariance === null ? null : tap.residualVariance * 0.4,
    })),
  }
}

// A fixed sequence in -1..1 that looks irregular.
function wobble(index: number): number {
  return Math.sin(index * 12.9898) * Math.cos(index * 4.1414)
}

/** The file that holds what a chart looked like when it was last looked at. */
export function snapshotFile(name: string): string {
  return join(import.meta.dirname, '../src/snapshots', name)
}

/** SVG with coordinates to one decimal, so that rounding errors change no snapshot. */
export function roundNumbers(svg: string): string {
  return svg.replace(/\d+\.\d+/g, text => String(Number(Number(text).toFixed(1))))
}

/** Every text of an SVG with its place. */
export function textsOf(svg: string): { x: number; y: number; text: string }[] {
  const pattern = /<text [^>]*translate\(([\d.]+) ([\d.]+)\)[^>]*>([^<]*)<\/text>/g
  return [...svg.matchAll(pattern)].map(([, x, y, text]) => ({
    x: Number(x),
    y: Number(y),
    text: text!,
  }))
}

/** Every data point of an SVG with its place, in the order of drawing. */
export function symbolsOf(svg: string): { x: number; y: number; radius: number; fill: string }[] {
  const pattern = /matrix\(([\d.]+),0,0,[\d.]+,([\d.]+),([\d.]+)\)" fill="([^"]+)"/g
  return [...svg.matchAll(pattern)].map(([, radius, x, y, fill]) => ({
    x: Number(x),
    y: Number(y),
    radius: Number(radius),
    fill: fill!,
  }))
}
